"""Starting weights: w = scale * N(0, 1); biases start at zero."""
