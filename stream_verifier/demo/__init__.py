"""A scripted call of made-up people, for machines without a camera."""
