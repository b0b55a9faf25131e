"""The life of a call: opened, connected, scored, resumed, ended, and told in a summary."""
