"""pooling on the GPU."""
