"""Everything that needs torch or onnx: build, data, training, checkpoints, export, insight."""
