"""Whether it can be told how well a person is known."""
