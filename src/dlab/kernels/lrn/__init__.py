"""Local response normalisation: a number is made smaller where the same pixel is large in near channels.

    scale     s[n,c,i,j]  = k + alpha sum over channels d with |d - c| <= n / 2  of  x[n,d,i,j]^2
    forward   y[n,c,i,j]  = x[n,c,i,j] / s[n,c,i,j]^beta

    gradient  dx[n,c,i,j] = dy s^-beta - 2 alpha beta x[n,c,i,j] sum over d with |d - c| <= n / 2  of  dy y / s at d

    array        reference      cpu
    x, y         [N, C, H, W]   [B, C, H, W, 16]
    dy, dx       [N, C, H, W]   [B, C, H, W, 16]

Window.   At most n channels for an odd n (n + 1 for an even one); at the first and last channels it is cut off.
Alpha.    As in the paper, alpha multiplies the sum.  Some libraries multiply the mean, alpha / n times the sum: their
          alpha 5e-4 with n = 5 is 1e-4 here.
Power.    A beta of whole quarters, such as 0.75, needs square roots only; any other takes exp(-beta log s).
Kept.     Nothing: the way back works out s again, which costs less than to fetch it from memory.

No parameters.  Cost per number: n multiply-adds and a power forward, twice that backward.

source: Krizhevsky, Sutskever, Hinton 2012 (AlexNet), section 3.3; erratum E06
"""
