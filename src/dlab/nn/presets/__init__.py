"""Networks with a name: each is a list of layers, nothing else."""
