"""Packs of faces and voices: lists, decoding, degradations, made-up people."""
