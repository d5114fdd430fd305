"""Hits and selections as files for editors and others."""
