"""What was found in a file becomes rows; spaces are filled."""
