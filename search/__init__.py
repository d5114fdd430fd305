"""A query to hits: legs, calibration, fusion, evidence."""
