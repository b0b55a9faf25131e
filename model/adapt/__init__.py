"""Adapters: how references of an older model are moved to the space of a newer one."""
