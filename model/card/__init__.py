"""The model card: prose of this package around figures that other commands wrote."""
