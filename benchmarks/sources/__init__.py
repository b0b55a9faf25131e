"""Towers, references and the comparator on one source of people after the other."""
