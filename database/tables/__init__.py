"""Tables of one's own that hold vectors."""
