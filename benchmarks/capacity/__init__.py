"""How many calls one server holds, and what becomes of more."""
