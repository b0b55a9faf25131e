"""Rooms of LiveKit. Needs the package `livekit`, which only `host` imports, when it enters one."""
