"""Labelled queries, and what rankings are measured by."""
