"""Text, images and clips to vectors. Knows nothing of video files or SQL."""
