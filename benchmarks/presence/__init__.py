"""Calls with nobody there, and with somebody: what presence notices, and what honest people pay."""
