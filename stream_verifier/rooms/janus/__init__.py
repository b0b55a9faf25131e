"""VideoRooms of Janus, over its WebSocket API."""
