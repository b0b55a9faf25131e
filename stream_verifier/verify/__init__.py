"""From windows to verdicts: pipeline, decision and the engine that runs all calls."""
