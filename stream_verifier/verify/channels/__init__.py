"""Evidence channels: each reads windows for one kind of evidence, such as the face or the voice."""
