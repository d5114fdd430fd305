"""The routes: searches, videos, scenes, health."""
