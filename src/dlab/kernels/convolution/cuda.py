"""convolution on the GPU."""
