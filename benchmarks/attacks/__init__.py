"""Attacks by scripted callers against a real server, and whether they hold."""
