"""lrn on the GPU."""
