"""Sources of a video for players, and clips of it."""
