"""Which lines stand in the picture of a film, from when to when."""
