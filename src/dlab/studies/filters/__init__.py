"""Filters at work: `dlab filter-demo` shows what the first layers of a network, and of the visual brain, compute.

    images          what is looked at: the lecture's matrices, photographs, digits, gratings, the user's own file
    formulas        what looks: mean, edge, Sobel, Gaussian, Laplacian, Gabor, or rows of numbers from the spec
    engine          the project's own convolution and pooling on whole images, on any device
    demonstrations  one file each: options, the computation, and what it found

A demonstration returns `Findings`: rows and arrays, which go to disk; tables and figures are made from there.

    the lectures' parallel to the brain (L0, L4)
    pixels                      lateral geniculate nucleus
    a filter's response         simple cell of V1: a bar of one orientation at one place
    pooling, energy of a pair   complex cell: the same bar anywhere near, in any phase
    deeper layers               larger receptive fields, more complex features, in the end the object's category
"""
