"""Optimizers: one scalar rule each, applied to every parameter in one pass over memory; `schedules`: their rates."""
