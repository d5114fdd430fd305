"""What may be wrong with a library, how it is found, and what mends it."""
