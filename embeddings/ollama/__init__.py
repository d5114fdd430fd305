"""Pictures described by a vision model of Ollama, and descriptions embedded there; what else serves where it cannot."""
