"""The event log of one server that comes back: in memory, and kept in the identity store."""
