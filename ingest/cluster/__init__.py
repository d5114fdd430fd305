"""Bulk work on a Ray cluster (extra `ray`): files ingested and spaces filled on many machines."""
