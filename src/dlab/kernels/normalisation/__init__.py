"""Normalisation: shift and scale numbers to mean 0 and variance 1, then to a mean and a scale that are learnt.

    normalise   xh = (x - mean) r,  r = 1 / sqrt(variance + eps)
    forward     u  = gamma xh + beta;  y = u where u > 0, else slope u

    batch       mean[c]     = mean over n, i, j  of  x[n,c,i,j]              one of each per channel, or per number of
                variance[c] = mean over n, i, j  of  (x[n,c,i,j] - mean[c])^2   a vector; biased, divided by the count
                running     <- momentum running + (1 - momentum) batch       mean and variance, used at inference
    layer       mean[n], variance[n]: the same over c, i, j                  one of each per sample, always

    gradients   du     = dy where u > 0, else slope dy
                dbeta  = sum of du,  dgamma = sum of du xh                   over all numbers that share them
                dx     = r (g - mean of g - xh mean of g xh),  g = gamma du  means over all numbers that share r

    array               reference          cpu                meaning
    x, y, dy, dx        [N, C, H, W]       [B, C, H, W, 16]   or vectors [N, I] and [B, I, 16], where C = I, H = W = 1
    gamma, beta         batch [C], layer [C, H, W] or [I]     scale and shift; dgamma and dbeta alike
    moments             batch [C]          [C]                (mean, r) of this batch, kept for the gradient
                        layer [N]          [B, 16]
    running             [C]                [C]                (mean, variance) over the batches; start 0 and 1

Batch.    Only the first `samples` samples count.  Lanes beyond them are padding: y and dx are 0 there.
One.      A channel with one number (a batch of one vector) has variance 0: y is beta, and dx is 0.
Care.     The variance is the mean square about the mean, never mean of squares less square of the mean, whose digits
          cancel: with mean 1000 and deviation 1, float32 would have none left.
Bias.     A bias just below a batch normalisation changes nothing: the mean takes it away again.
Slope.    1 is the identity, 0 is ReLU, anything between is leaky ReLU.  A gradient whose dy has been through the
          rectifier already, in the layer above, has slope 1.

Cost per number: about 5 additions or multiply-adds forward, 10 backward.  Memory binds it, so one task does all
passes over a channel (batch) or over a block of samples (layer), which stays in the second-level cache meanwhile.

source: L0, L1, L3; Ioffe and Szegedy 2015; Ba, Kiros, Hinton 2016; erratum E41; worked example T27
"""
