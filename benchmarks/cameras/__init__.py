"""What gives away a camera that is software, beside its name: times of pictures, noise, traces."""
