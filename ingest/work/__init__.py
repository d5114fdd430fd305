"""What a worker does for the jobs of a library."""
