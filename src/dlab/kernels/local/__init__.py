"""Local: a convolution whose weights are not shared; every output position has filters of its own.

    forward          u[n,k,i,j]  = b[i,j,k] + sum over c, p, q  of  w[i,j,c,p,q,k] x[n, c, i S + p, j S + q]
    rectified        y           = u where u > 0, else slope u

    input gradient   dx[n,c,h,v] = sum over k and all i, p with i S + p = h + P,
                                                all j, q with j S + q = v + P  of  w[i,j,c,p,q,k] dy[n,k,i,j]
    weight gradient  dw[i,j,c,p,q,k] = sum over n  of  dy[n,k,i,j] x[n, c, i S + p, j S + q]
    bias gradient    db[i,j,k]       = sum over n  of  dy[n,k,i,j]

    array  reference                cpu                          meaning
    x      [N, C, H + 2P, W + 2P]   [B, C, H + 2P, W + 2P, 16]   input, inside its padding
    w      [OH, OW, C, FH, FW, K]   [OH, OW, C, FH, FW, K]       K boxes of weights at each position
    b      [OH, OW, K] or None      [OH, OW, K] or None          one bias per output
    y, dy  [N, K, OH, OW]           [B, K, OH, OW, 16]           OH = (H + 2P - FH) // S + 1, OW alike
    dx     [N, C, H, W]             [B, C, H, W, 16]             without padding

Use.      Where a place means the same in every image, as in aligned faces, each may have its own features (DeepFace).
Layout.   A position's weights lie together, filters innermost: forward and weight gradient walk through them in order,
          and the data gradient finds the K weights between a pixel and a position as one piece.
Gate.     If x is itself a rectifier's output, dx is multiplied by that rectifier's derivative, 1 where gate > 0 and
          slope elsewhere, while it is still at hand.
Lanes.    The weight gradient sums over samples only, so each weight costs as many multiply-adds as there are blocks
          and then a sum over lanes; sixteen of these are done together (`registers.totals`).

Cost in multiply-adds per sample: K OH OW C FH FW forward, as a convolution's, and as many again for each of dx and dw;
but K OH OW (C FH FW + 1) parameters in place of K (C FH FW + 1).

source: L4; Taigman et al. 2014 (DeepFace)
"""
