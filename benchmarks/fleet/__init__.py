"""Three workers behind a proxy with Redis, and what is left of calls when something is killed."""
