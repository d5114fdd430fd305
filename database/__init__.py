"""What is stored. The only SQL of the project."""
