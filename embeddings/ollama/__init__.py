"""Pictures described by a vision model of Ollama, and the descriptions embedded there.

The chain names what else serves where Ollama cannot; `OllamaEmbedder` is what programs use.
"""
