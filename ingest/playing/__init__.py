"""What plays, and what is cut: streams by their exact names, segments, clips."""
