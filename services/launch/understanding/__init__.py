"""How the categoriser is learnt, measured and kept: run by hand, never part of a running service."""
