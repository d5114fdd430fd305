"""Objects of S3: where they are, what can be done with them, and what goes wrong in plain words."""
