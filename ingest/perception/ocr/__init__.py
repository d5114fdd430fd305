"""What is written in one picture: the models, and what of their readings counts."""
