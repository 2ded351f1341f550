"""Pooling: each window of a channel is replaced by its maximum or its mean.

    maximum   y[n,c,i,j]     = max over p, q in 0..M-1  of  x[n, c, i S + p - P, j S + q - P]
              code[n,c,i,j]  = p M + q  of the first maximum, row by row
              dx[n,c,h,v]    = sum of dy[n,c,i,j] over the windows whose maximum sits at (h, v)

    average   y[n,c,i,j]     = 1/M^2 sum over p, q  of  x[n, c, i S + p - P, j S + q - P]
              dx[n,c,h,v]    = 1/M^2 sum of dy[n,c,i,j] over the windows that hold (h, v)

    unpool    du[n,c,2i+di,2j+dj] = dy[n,c,i,j] (1 if y[n,c,i,j] > 0 else slope)  where code = 2 di + dj, else 0

    array  reference           cpu                     meaning
    x, dx  [N, C, H, W]        [B, C, H, W, 16]        input, without padding
    y, dy  [N, C, OH, OW]      [B, C, OH, OW, 16]      OH = (H + 2P - M) // S + 1, OW alike
    code   as y, int32         as y, int32             place of the maximum; uint8 from a fused convolution
    u, du  [N, C, H, W]        [B, C, H, W, 16]        `unpool`: OH = H // 2, OW = W // 2

Ties.     The first maximum in row order gets the whole error.
Padding.  For a maximum it counts as minus infinity: the window is clipped to the image, and as P <= M / 2 never empty.
          For a mean it counts as zeros, and the divisor stays M^2.
Overlap.  With S < M a pixel stands in several windows and adds up their errors.  Rows and columns that no window
          reaches get 0.
Unpool.   The way back through the 2x2 maximum and the rectifier that a convolution has fused (see `convolution`).
          The winner decides for the rectifier too: it grows with its input, so the largest output is the largest
          input's, and y > 0 tells which branch that took.  An odd last row or column is in no window: du is 0 there.

No parameters.  Cost per sample: C OH OW M^2 comparisons or additions forward; backward C OH OW writes for the
maximum, C OH OW M^2 additions for the average.  Global pooling is the case M = H = W.

source: L0, L1, L3, L4; erratum E15; worked examples T16, T17, T21
"""
