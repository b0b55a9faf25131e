"""Enrolled people: consent, references and the encrypted store."""
