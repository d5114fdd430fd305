"""A folder of videos to rows: scenes, keyframes, speech, on-screen text, embeddings."""
