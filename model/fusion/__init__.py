"""The first fusion: calibrated face and voice LLRs and what both say together."""
