"""local on the GPU."""
