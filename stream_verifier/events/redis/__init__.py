"""The event log that workers share, as streams in Redis."""
