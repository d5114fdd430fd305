"""Videos with their scenes, moments and files: what is stored, and what is read back."""
