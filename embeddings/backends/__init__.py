"""How a model is opened and run: ONNX Runtime, torch."""
