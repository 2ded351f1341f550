"""update on the GPU."""
