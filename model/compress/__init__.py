"""Smaller and faster towers: quantised, pruned, distilled; made here, judged by verification."""
