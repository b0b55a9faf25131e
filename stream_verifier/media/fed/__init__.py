"""Media that comes decoded already, over the call's own WebSocket."""
