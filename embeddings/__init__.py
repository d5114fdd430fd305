"""Text, images and clips to vectors. Knows nothing of video files or SQL."""

import os

# ONNX Runtime reports its use to its makers unless told not to before it is imported. Nothing of
# a person's videos, not even that they are searched, leaves the machine.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
