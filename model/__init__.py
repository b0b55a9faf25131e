"""Towers, fused comparison, training, evaluation and export; imports nothing from serving."""
