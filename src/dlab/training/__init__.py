"""Training: batches in a reproducible order, the loop, and how many threads it uses."""
