"""What a new model costs those who are enrolled: accuracy, and the time to move them."""
