"""The page's files, templates and static ones, and how they become HTML."""
