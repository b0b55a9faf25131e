"""What serving needs of the model: LiteRT and numpy, no TensorFlow."""
