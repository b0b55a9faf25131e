"""From samples and pictures to windows worth scoring; pure, with time passed in."""
