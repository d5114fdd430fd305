"""Folders that are watched: what comes into them is ingested, what goes from them is missed."""
