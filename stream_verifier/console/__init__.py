"""What a person uses in a terminal: the commands and what they draw."""
