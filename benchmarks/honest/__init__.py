"""Honest calls over bad networks, and what is told of them without cause."""
