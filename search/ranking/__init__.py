"""Evidence of several legs becomes one ranking, and how sure it is."""
