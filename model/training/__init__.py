"""Training: runs that survive a kill, their curves, and the command that starts them."""
