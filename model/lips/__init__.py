"""Lips and speech of one person: the siamese network that hears whether a mouth says a sound."""
