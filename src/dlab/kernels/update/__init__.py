"""Update: one pass over all parameters, one scalar rule for each number.

    clipped gradient     g <- g min(1, limit / ||g||)   ||g||^2 = sum g^2 over all parameters; before the penalties
    penalised gradient   g' = g + l2 w + (l1 + lp |w|^(p-1)) sign(w)
                         for the first `penalised` parameters, which are the weights; g' = g for the biases
    penalty              total[0] += l1 sum |w| + l2 / 2 sum w^2 + lp / p sum |w|^p   over the same weights

    rule       (w, g', m, v)                                        coefficients c
    sgd        w <- w - lr g                                        lr
    momentum   m <- mu m - lr g;  w <- w + m                        lr, mu
    adam       m <- b1 m + (1 - b1) g;  v <- b2 v + (1 - b2) g^2    lr, eps_in, eps, 1 - b1, 1 - b2,
               w <- w - lr m^ / (sqrt(v^ + eps_in) + eps)           1 / (1 - b1^t), 1 / (1 - b2^t)
               m^ = m / (1 - b1^t),  v^ = v / (1 - b2^t)
    and nag, adagrad, rmsprop, rmsprop_graves, smorms3, adamax, nadam, eve: see `rules.py`

    array         reference and cpu        meaning
    w, g          [n]                      all parameters of a network in one array, and their gradients
    states        0 to 3 arrays [n]        m, v and z
    coefficients  1-D array                read at each call: whatever depends on the step or the loss goes in here

Rules.    `rules.py` holds them as plain functions of one number, (w, g, m, v, z, c) -> (w, m, v, z).  They serve NumPy
          arrays and compiled loops alike, and do the same operations in the same order in both.
Means.    A running mean b m + (1 - b) g is computed as m + (1 - b) (g - m), with 1 - b worked out in float64:
          1 - 0.999 in float32 would be off by 1e-5.
Sign.     sign(0) = 0: a weight that a lasso has brought to zero is not pushed away again by it.
Powers.   p is a multiple of 1/2 above 1, so |w|^(p-1) is a root and products: see `penalties.py`.
Sums.     ||g||^2 and the penalty are summed in float64: chunks of 4096 as 16 rows of 256, down the columns first.
          A GPU sums chunks in float32, and then these.
Kept.     apply does not change g; w and the states are changed in place.

Cost per parameter: 1 multiply-add for sgd, 2 for momentum, about 5, a root and a division for adam; a pass is bound
by memory, not by arithmetic.  A clip reads g once more, and once again where it is too long.

source: L0, L2, L3, L4; Kingma and Ba 2015; Pascanu et al. 2013 (clip); errata E11, E43, E51-E54; T28, T35
"""
