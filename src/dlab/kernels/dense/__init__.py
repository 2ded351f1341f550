"""Dense: every output sees every input (an affine map, a fully connected layer).

    forward          u[n,o]  = b[o] + sum over i  of  w[o,i] x[n,i]
    rectified        y       = u where u > 0, else slope u

    input gradient   dx[n,i] = sum over o  of  w[o,i] dy[n,o]
    weight gradient  dw[o,i] = sum over n  of  dy[n,o] x[n,i]
    bias gradient    db[o]   = sum over n  of  dy[n,o]

    array  reference       cpu             meaning
    x, dx  [N, I]          [B, I, 16]      input; an image is read channel by channel, row by row
    w      [O, I]          [O, I]          row o belongs to output o
    b      [O] or None     [O] or None     one bias per output
    y, dy  [N, O]          [B, O, 16]      output; the dy of a gradient is that of u, before the rectifier

Slope.    1 is the identity, 0 is ReLU, anything between is leaky ReLU; the derivative at u = 0 is the slope.
Gate.     If x is itself a rectifier's output, dx is multiplied by that rectifier's derivative, 1 where gate > 0 and
          slope elsewhere, while it is still at hand.
Layout.   w is [out, in], u = W x + b for a column x, as in L2's first half and L4; L2's second half and L3 write the
          same numbers transposed, u = x W + b.
Stacking. Two dense layers with nothing between are one: A2 (A1 x) = (A2 A1) x (T29).  Hence activations.

Cost in multiply-adds per sample: O I forward, and as many again for each of dx and dw.

source: L2, L3, L4; errata E23, E28; worked examples T25, T29, T30
"""
