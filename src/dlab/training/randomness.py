"""Randomness without hidden state: every stream is a function of (seed, purpose, epoch, ...).

Nothing has to be saved or skipped when a run is resumed, and no stream depends on another.
"""

import numpy as np

# purposes; 1 is the starting weights, 6 and 7 are the held-out splits
ORDER, SAMPLING, MASK, CHECK, WATCH, ILLUSTRATION = 2, 3, 4, 5, 8, 9


def stream(seed: int, purpose: int, *place: int) -> np.random.Generator:
    """The generator for one purpose at one place of a run."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, purpose, *place))))


def key(seed: int, purpose: int, *place: int) -> int:
    """A 32-bit number for one purpose at one place; three rounds of a 64-bit mixer, cheap enough for every batch."""
    state = 0
    for number in (seed, purpose, *place):
        state = (state + number + 0x9E3779B97F4A7C15) % 2**64
        state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        state = (state ^ state >> 27) * 0x94D049BB133111EB % 2**64
        state ^= state >> 31
    return state >> 32
