"""Measurements of speed and behaviour, as ratios against something run side by side."""
