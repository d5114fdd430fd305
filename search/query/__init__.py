"""What was asked, checked."""
