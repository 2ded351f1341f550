"""Activation: one scalar function of each number, and its derivative written with the function's own value.

    kind      y = f(u)                           f'(u), from y
    rectify   u where u > 0, else slope u        1 where y > 0, else slope
    sigmoid   1 / (1 + exp(-u))                  y (1 - y), at most 0.25, at u = 0
    tanh      tanh u                             1 - y^2, at most 1, at u = 0
    step      1 where u > 0, else 0              0: nothing below it learns

    forward   y  = f(x)
    backward  dx = dy f'

    shapes    x, y, dy, dx all alike: any shape in the reference, any shape that ends in 16 lanes on the cpu

From y.   The backward pass reads the output only, so the input need not be kept.  That fits the rectifier as long as
          0 <= slope <= 1: then y > 0 exactly where u > 0.
At zero.  The rectifier's derivative at u = 0 is the slope (L0 writes f for u >= 0; f is the same).
Slope.    0 is ReLU, 0.01 the usual leaky ReLU, 1 the identity; the other kinds do not read it.
Tails.    The sigmoid is taken from exp(-|u|), which cannot overflow.  Far out it is 0 or 1 and its derivative
          vanishes (T08): n layers of sigmoids pass on at most 0.25^n.

Cost: one function value per number; backward one or two multiplications.

source: L0, L1, L2, L3, L4; errata E32, E33, E36; worked examples T08, T30
"""
