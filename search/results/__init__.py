"""A ranking becomes hits on a page, as JSON or text."""
