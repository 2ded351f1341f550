"""Specs that are good, for tests."""

GOOD = "data: mnist\nmodel:\n  preset: lenet\n"
FULL = """\
name: full
data: {name: digits, size: 28, path: "1e-3", normalize: none}
model:
  layers:
    - relu
    - type: conv
      filters: 4
      kernel: 3
      pad: same
    - {type: dropout, mode: inverted}
  init: {name: gauss, std: 1E-2}
loss: mse
optimizer: {name: adam, lr: 1e-3, bias_correction: false}
schedule: {name: cosine, warmup: 5}
regularize: {l2: .5, lp: 1, p: 2.5}
train: {iterations: 10, batch_size: all, clip: 1, sampling: replacement, seed: 7, early_stop: {patience: 3}}
compare:
  variants:
    fast: {optimizer.lr: 1, model.layers.1.filters: 8}
    sgd: {optimizer: sgd}
  seeds: 3
device: cpu
threads: 2
"""
LAYERS = "data: mnist\nmodel:\n  layers:\n"  # and here they follow
