"""HTTP and WebSocket routes; thin."""
