"""What comes of being asked to turn one's head, by whom and by what."""
