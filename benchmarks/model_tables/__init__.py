"""The model card and all pages of figures about the model, by one command."""
