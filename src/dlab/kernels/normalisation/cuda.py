"""normalisation on the GPU."""
