"""What the front end costs beside the same arithmetic written plainly."""
