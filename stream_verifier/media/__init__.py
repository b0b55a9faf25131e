"""Media in: WebRTC and files, as samples and pictures on one clock."""
