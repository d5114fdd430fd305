"""What computes vectors: one file for each family of models."""
