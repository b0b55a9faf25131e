"""Runs the application: a listening socket and a server around it."""
