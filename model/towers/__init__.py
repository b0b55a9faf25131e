"""Keras definitions of the face and voice towers."""
