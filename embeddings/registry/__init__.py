"""Which spaces there are, what their models need, and which files of theirs are trusted."""
