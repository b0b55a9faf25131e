"""Media that somebody else has decoded: our binary messages, and those of meeting bots as ours."""
