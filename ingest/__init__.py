"""A folder of videos to rows: scenes, keyframes, speech, on-screen text, embeddings."""

import embeddings as _  # noqa: F401 - first of all: it keeps ONNX Runtime from reporting its use
