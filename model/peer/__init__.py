"""The pair that a Python user would reach for: dlib's face network with Resemblyzer."""
