"""Calls that run elsewhere: rooms of an SFU, followed without an upload from any browser."""
