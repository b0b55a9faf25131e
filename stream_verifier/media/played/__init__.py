"""Media that somebody else has received and decoded, and hands over as it would be played."""
