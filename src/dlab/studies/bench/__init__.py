"""How fast the kernels are: three ways to compute one convolution, and the calls of a training step.

Everything here measures and returns numbers; nothing prints, draws or writes.
"""
