"""The wire contract: versioned events, numbered per session."""
