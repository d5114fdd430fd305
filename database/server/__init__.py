"""The PostgreSQL in use: its connections, and the embedded server."""
