"""Asks the person for something, and measures whether it comes."""
