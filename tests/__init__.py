"""The tests; a package, so that children of the isolation tests can import its helpers."""
