"""The one form in which sound reaches the model."""

SAMPLE_RATE_HZ = 16_000
"""Mono samples a second; every source is resampled to it."""
