"""Who did what, when, and to whom: a chain of entries that nobody can change unnoticed."""
