"""Media by WebRTC: all that knows aiortc."""
