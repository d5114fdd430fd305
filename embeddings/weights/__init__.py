"""Where model files come from, and whether they are the pinned ones."""
