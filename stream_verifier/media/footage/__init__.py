"""Recordings on disk: where they begin and end, their tracks, their one timeline, their damage."""
