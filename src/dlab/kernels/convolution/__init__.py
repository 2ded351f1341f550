"""Convolution: every filter slides over the image and answers at each position with a weighted sum of what it sees.

    forward          u[n,k,i,j]  = b[k] + sum over c, p, q  of  w[k,c,p,q] x[n, c, i S + p, j S + q]
    rectified        y           = u where u > 0, else slope u

    input gradient   dx[n,c,h,v] = sum over k and all i, p with i S + p = h + P,
                                                all j, q with j S + q = v + P  of  w[k,c,p,q] dy[n,k,i,j]
    weight gradient  dw[k,c,p,q] = sum over n, i, j  of  dy[n,k,i,j] x[n, c, i S + p, j S + q]
    bias gradient    db[k]       = sum over n, i, j  of  dy[n,k,i,j]

    array  reference                  cpu                              meaning
    x      [N, C, H + 2P, W + 2P]     [B, C, H + 2P, W + 2P, 16]       input, inside its padding
    w      [K, C, FH, FW]             [K, C, FH, FW]                   one box of weights per filter
    b      [K] or None                [K] or None                      one bias per feature map
    y      [N, K, OH, OW]             [B, K, OH, OW, 16]               OH = (H + 2P - FH) // S + 1, OW alike
    dx     [N, C, H, W]               [B, C, H, W, 16]                 without padding

Sign.     The weights are not flipped: this is the cross-correlation that the lectures draw and every framework means
          by "convolution"; flip w in p and q for the true one (T01).
Padding.  P zeros on each side are part of x in memory, so no loop asks where the border is.  They are no parameters
          and get no gradient: dx covers the interior only.
Margin.   `data_gradient` takes dy inside `margin` rows and columns, whose values the reference never reads.
Slope.    1 is the identity, 0 is ReLU, anything between is leaky ReLU; the derivative at u = 0 is the slope.
Gate.     If x is itself a rectifier's output, dx is multiplied by that rectifier's derivative, 1 where gate > 0 and
          slope elsewhere, while it is still at hand.
Fusion.   With `code`, 2x2 max pooling with stride 2 is part of the same pass: y is [N, K, OH // 2, OW // 2], and
          code = 2 di + dj says which of the four u was the largest, the first one on ties.  The rectifier never
          falls, so the maximum of u, rectified, is the maximum of the rectified u: the layers may stand in either
          order.  `pooled_weight_gradient` takes the gradient of that pooled y; `pooling.unpool` gives it full size,
          and where that has been done anyway the former may use it (`spread`).
Sharing.  A weight acts at every position, so its gradient is the sum over positions, not their mean (erratum E50).
Groups.   Filters that see a part of the channels only are a convolution of their own, on views of the same arrays.
Short.    With stride 1, a kernel three or five wide and 16 channels or more on both sides, the CPU takes rows by
          Winograd's short convolution (`winograd.py`): about half of the multiply-adds, twice the rounding error.

Cost in multiply-adds per sample: K OH OW C FH FW forward, and as many again for each of dx and dw.

source: L0, L1, L3, L4; errata E03, E04, E16, E17, E20, E21, E50; worked examples T01-T04, T10-T15, T19, T20
"""
