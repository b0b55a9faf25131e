"""Calls from browsers of some years ago, as old phones have them."""
