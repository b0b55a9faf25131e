"""Measurements of speed and behaviour, as ratios against something run side by side."""

import os

# The people of most benchmarks are pictures, and nobody is there: that is told, and costs what it
# does, and keeps nothing back.
os.environ.setdefault("STREAM_VERIFIER_PRESENCE", "observe")
