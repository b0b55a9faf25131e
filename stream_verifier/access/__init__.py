"""Who may do what: scopes, signed tokens, limits on attempts. Knows no HTTP."""
