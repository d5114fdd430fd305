"""What a file holds, in order of time."""
