"""What is said and what is written, as models perceive it."""
