"""Dropout: in training each number is set to zero with probability r; DropConnect does so with each weight.

    apply          y[n,e] = scale x[n,e]  if mix(key[0], n, e) >= r 2^32, else 0
    drop_weights   kept[o,i] = w[o,i]     if mix(key[0], o, i) >= r 2^32, else 0
    backward       the same functions of dy and of d kept: the mask is worked out again, never stored
    scale_by       y = factor x

    mode       training           inference
    lecture    apply, scale 1     scale_by 1 - r
    inverted   apply, scale       x as it is
               1 / (1 - r)
    weights    drop_weights       scale_by 1 - r of the layer's input

    mix(key, n, e)   h = key ^ (n 0x9E3779B9);  h = finish(h);  h = h ^ (e 0x85EBCA6B);  h = finish(h)
    finish(h)        h ^= h >> 16;  h *= 0x7FEB352D;  h ^= h >> 15;  h *= 0x846CA68B;  h ^= h >> 16
                     all modulo 2^32

    array  reference            cpu                    meaning
    x, y   [N, C, H, W]         [B, C, H, W, 16]       or vectors; dy and dx in the backward pass
    w      [O, I]               [O, I]                 weights of a dense layer; kept alike
    key    [1], uint32          [1], uint32            read at each call; the trainer changes it with every batch

Mask.     A pure function of the key, the sample's place n in the batch and the number's place e in the flattened
          [C, H, W] order.  So it is the same on every device, for any number of threads, and in both directions, and
          no hidden state has to be saved.  Each sample has a mask of its own (erratum E12).
Weights.  All samples of a batch share the mask of a weight; n and e are then the output o and the input i.  Inference
          uses the mean weights, ((1 - r) W) x = W ((1 - r) x): exact for the layer, an approximation once a function
          that is not linear stands behind it (erratum E65).
Ratio.    Exactly ceil(r 2^32) of the 2^32 hash values drop: r = 0 keeps all.  r < 1.
Modes.    Both give the same mean at inference, but they do not learn alike in deep networks: the lecture's mode trains
          on a signal that is smaller by (1 - r) per layer (X7).

Cost: one hash, about ten integer operations, per number and direction.

source: L0, L1, L3, L4; Wan et al. 2013 (DropConnect); errata E12, E18, E59, E65; finish: a 32-bit finaliser
found by C. Wellons' hash-prospector
"""
