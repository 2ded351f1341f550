"""Loss: how wrong a batch is, and how to change each output.

    softmax        p[n,k]   = exp(u[n,k]) / sum over j  of  exp(u[n,j])
    cross entropy  E        = 1/N sum over n  of  -ln p[n, t[n]]
                   du[n,k]  = (p[n,k] - [k = t[n]]) / N
                   correct  = number of n with argmax u[n] = t[n]

    squared error  E        = 1/N sum over n  of  1/2 sum over k  of  (y[n,k] - t[n,k])^2
                   dy[n,k]  = (y[n,k] - t[n,k]) / N
                   correct  = number of n with |y[n,k] - t[n,k]| < 1/2 for all k

    array    reference          cpu                   meaning
    u, du    [N', K]            [B, K, 16]            network outputs and their gradient; du None: evaluation only
    labels   [N], int32         [N], int32            the true class t[n]
    targets  [N, K]             [N, K]                the wanted output t[n]
    total    [2], float64       [2], float64          total[0] += sum of the N losses, total[1] += correct

Sum.      `total` collects sums, the gradient belongs to the mean.  A set of batches, whatever their sizes, divides the
          sum by the number of samples once, at the end.  On a GPU `total` is float32.
Batch.    N is the number of labels or targets.  Rows or lanes beyond it hold no sample: they count for nothing and
          their gradient is 0, so every sum over the batch further down leaves them out.
Stable.   ln p = u - m - ln sum exp(u - m) with m = max u: no overflow, and softmax [1001, 1002, 1003] is that of
          [1, 2, 3] (T05).
Ties.     argmax is the first of several equal maxima.
Range.    Cross entropy lies in [0, infinity); ln K for K classes that look alike (T07, erratum E22).

Cost: one exponential per output, one logarithm per sample; squared error one multiply-add per output.

source: L2, L4; errata E22, E29; worked examples T05-T07, T09
"""
