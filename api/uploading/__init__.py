"""Films that are sent to the server: taken in piece by piece, kept aside, then given to a job."""
