"""The one form in which sound reaches the model."""

SAMPLE_RATE_HZ = 16_000
"""Mono samples a second; every source is resampled to it."""
FULL_SCALES = 64.0
"""Samples in floats go up to 1, and a little beyond where a mix is hot; never so far (36 dB)."""
