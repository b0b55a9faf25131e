"""Continuous face-and-voice verification for live video calls."""
