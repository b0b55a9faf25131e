"""How many impostors' whole calls are ever verified: all ordered pairs of a pack's people."""
