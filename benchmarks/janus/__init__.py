"""Rooms of Janus: a server of its own, those who publish there, and what comes of it."""
