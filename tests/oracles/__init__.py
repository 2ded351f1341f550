"""Literal loops over tiny arrays: a second, independent truth.  Nothing here imports dlab or uses array arithmetic."""
