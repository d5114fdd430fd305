"""The candidates of a query, with the evidence of each leg."""
