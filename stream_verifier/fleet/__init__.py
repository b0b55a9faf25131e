"""Many workers that serve as one: what they share lies in Redis."""
