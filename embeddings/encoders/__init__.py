"""Encoders: one module for each family of models, named by `Space.encoder`."""
