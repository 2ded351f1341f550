"""Gather: bring the samples of one batch together.

    pack   x[n]   = scale data[rows[n]] + shift   for n < len(rows), 0 for every other n
    take   out[n] = source[rows[n]]

    array   reference            cpu                    meaning
    data    [M, features]        [M, features]          the set as it lies in memory, bytes or floats
    rows    [N], int64           [N], int64             which samples, read at each call; repeats are fine
    x       [N', C, H, W]        [B, C, H, W, 16]       N' >= N places; features = C H W, channel by channel, row by row
    source  [M] or [M, K]        [M] or [M, K]          labels or targets
    out     [N] or [N, K]        [N] or [N, K]          those of the batch

Copy.     A batch is copied anyway; this is where bytes become numbers and samples become lanes, at no extra pass.
Rest.     Places beyond the batch hold zeros, not what an earlier batch left there.
Units.    scale 1/255 turns bytes into [0, 1]; scale 1/s and shift -m/s give mean 0 and variance 1.

Cost: one multiply-add per number.

source: L0 (random mini-batches), L1, L4 (input normalisation)
"""
