"""Recordings and pictures of every kind that people bring, through the commands."""
