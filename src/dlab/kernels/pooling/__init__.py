"""Pooling: each window of a channel is replaced by its maximum, its mean or its length.

    maximum   y[n,c,i,j]     = max over p < M, q < L  of  x[n, c, i S + p - P, j T + q - P]
              code[n,c,i,j]  = p L + q  of the first maximum, row by row
              dx[n,c,h,v]    = sum of dy[n,c,i,j] over the windows whose maximum sits at (h, v)

    average   y[n,c,i,j]     = 1/(M L) sum over p, q  of  x[n, c, i S + p - P, j T + q - P]
              dx[n,c,h,v]    = 1/(M L) sum of dy[n,c,i,j] over the windows that hold (h, v)

    L2        y[n,c,i,j]     = sqrt of the sum over p, q  of  x[n, c, i S + p - P, j T + q - P]^2
              dx[n,c,h,v]    = sum of dy[n,c,i,j] x[n,c,h,v] / y[n,c,i,j] over the same windows, 0 where y = 0

    unpool    du[n,c,2i+di,2j+dj] = dy[n,c,i,j] (1 if y[n,c,i,j] > 0 else slope)  where code = 2 di + dj, else 0

    array  reference           cpu                     meaning
    x, dx  [N, C, H, W]        [B, C, H, W, 16]        input, without padding
    y, dy  [N, C, OH, OW]      [B, C, OH, OW, 16]      OH = (H + 2P - M) // S + 1, OW = (W + 2P - L) // T + 1
    code   as y, int32         as y, int32             place of the maximum; uint8 from a fused convolution
    u, du  [N, C, H, W]        [B, C, H, W, 16]        `unpool`: OH = H // 2, OW = W // 2

Arguments.  window = (M, L) and stride = (S, T), of rows and columns; pad = P on every side.
Ties.     The first maximum in row order gets the whole error.
Padding.  For a maximum it counts as minus infinity: the window is clipped to the image, and as P <= M / 2 never empty.
          For a mean it counts as zeros, and the divisor stays M L.
Overlap.  With S < M a pixel stands in several windows and adds up their errors.  Rows and columns that no window
          reaches get 0.
Global.   Pooling over the whole image is the window (H, W).
Maxout.   The maximum over k neighbouring channels is the window (k, 1) with stride (k, 1) on x[n, h, c, v], the same
          memory with channels and rows exchanged.
Unpool.   The way back through the 2x2 maximum and the rectifier that a convolution has fused (see `convolution`).
          The winner decides for the rectifier too: it grows with its input, so the largest output is the largest
          input's, and y > 0 tells which branch that took.  An odd last row or column is in no window: du is 0 there.

No parameters.  Cost per sample: C OH OW M L comparisons, additions or multiply-adds forward, and as many selections,
additions or multiply-adds backward; time is that of reading x or writing dx once as long as windows overlap little.

source: L0, L1, L3, L4; erratum E15; worked examples T16, T17, T21, T34
"""
