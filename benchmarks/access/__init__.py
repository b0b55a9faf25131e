"""Tries every way into the server with every kind of token that must not open it."""
