"""Tsumiki Studio: neural networks as drawings that train, explain themselves and leave as ONNX or PyTorch."""
