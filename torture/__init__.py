"""Long forms of the reliability tests, a script each: `python -m torture.checkpoints --cases 20000`, `make torture`."""
