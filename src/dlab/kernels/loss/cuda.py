"""loss on the GPU."""
