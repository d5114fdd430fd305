"""The query of a search, checked: its text, shape, examples and weights."""
