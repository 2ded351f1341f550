"""Update: one pass over all parameters, one scalar rule for each number.

    penalised gradient   g' = g + l2 w + l1 sign(w)   for the first `penalised` parameters, which are the weights
                         g' = g                       for the others, the biases
    penalty              total[0] += l1 sum |w| + l2 / 2 sum w^2   over the same weights

    rule       (w, g', m, v)                                        coefficients c
    sgd        w <- w - lr g                                        lr
    momentum   m <- mu m - lr g;  w <- w + m                        lr, mu
    adam       m <- b1 m + (1 - b1) g;  v <- b2 v + (1 - b2) g^2    lr, b1, b2, eps,
               w <- w - lr m^ / (sqrt(v^) + eps)                    1 / (1 - b1^t), 1 / (1 - b2^t)
               m^ = m / (1 - b1^t),  v^ = v / (1 - b2^t)

    array         reference and cpu        meaning
    w, g          [n]                      all parameters of a network in one array, and their gradients
    states        0, 1 or 2 arrays [n]     m and v, zeros at the start
    coefficients  1-D array                read at each call: whatever depends on the step or the loss goes in here

Rules.    `rules.py` holds them as plain functions of one number, (w, g, m, v, c) -> (w, m, v).  They serve NumPy
          arrays and compiled loops alike, and do the same operations in the same order in both.
Means.    A running mean b m + (1 - b) g is computed as g + b (m - g): one rounding less, and no constant whose type
          could widen the sum.
Sign.     sign(0) = 0: a weight that a lasso has brought to zero is not pushed away again by it.
Kept.     g itself is not changed; w and the states are, in place.

Cost per parameter: 1 multiply-add for sgd, 2 for momentum, about 5, a root and a division for adam; a pass is bound
by memory, not by arithmetic.

source: L0, L2, L3, L4; Kingma and Ba 2015; errata E11, E43, E51-E54; worked examples T28, T35
"""
