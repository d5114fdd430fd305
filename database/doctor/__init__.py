"""What is wrong with the machine, the database or the models, and what to do about it."""
