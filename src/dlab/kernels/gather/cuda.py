"""gather on the GPU."""
