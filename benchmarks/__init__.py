"""Targets measured as ratios in one run; docs/benchmarks.md keeps the last table."""
