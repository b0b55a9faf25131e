"""Is somebody there? What surrounds the face, a mouth that goes with the speech, and repeats."""
