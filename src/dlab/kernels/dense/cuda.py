"""dense on the GPU."""
