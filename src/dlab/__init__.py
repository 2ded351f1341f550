"""dlab: an experiment runner for deep-learning courses."""

__version__ = "0.1.0"
