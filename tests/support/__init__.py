"""What several tests share: made-up media, servers, browsers and people."""
