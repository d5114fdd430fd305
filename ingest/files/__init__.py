"""Which files there are, and what became of them."""
