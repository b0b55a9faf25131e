"""How fast swaps are noticed in scripted calls, and how often nobody was swapped."""
