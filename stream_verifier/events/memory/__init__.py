"""The event log of one process, in memory."""
