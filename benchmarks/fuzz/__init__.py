"""Feeds made-up bytes to everything that reads what callers send."""
