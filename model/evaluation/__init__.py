"""Error rates and calibration of verification scores."""
