"""Whether speech made by a machine can be told from a person's, people and ways held out."""
