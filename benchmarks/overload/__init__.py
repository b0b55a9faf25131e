"""More calls than one worker has time for, on a clock of its own: what becomes of each."""
