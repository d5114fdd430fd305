"""Where scenes begin and end, and which stills stand for them."""
