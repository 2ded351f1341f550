"""dropout on the GPU."""
