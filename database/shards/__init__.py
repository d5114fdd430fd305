"""How databases become the shards of a library, and how videos move between them."""
