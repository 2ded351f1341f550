"""Data sets: where they are found, how they are checked, and what a network gets of them."""
