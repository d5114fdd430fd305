"""What is said in a recording, on which track, in which language, when."""
