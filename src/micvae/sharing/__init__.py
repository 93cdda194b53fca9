"""Exchange of trained models: codes as tables, ONNX files, repositories of models."""
