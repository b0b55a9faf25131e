"""What more speech in a reference brings, and who else it lets in."""
