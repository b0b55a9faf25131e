"""What a stranger who asks again and again learns of a stored template."""
