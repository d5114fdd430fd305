"""The spaces of a library, and the tables of their vectors."""
