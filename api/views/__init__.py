"""What the pages show, as their templates take it."""
