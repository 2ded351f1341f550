"""Comparisons: the cells of a study, the processes that run them, and the studies that have a command.

spec with `compare:` -> cells (variant x seed), each an ordinary run's folder -> worker processes -> records
"""
