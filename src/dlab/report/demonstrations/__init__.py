"""One file a demonstration: `tell` puts what it found into text, `draw` into a slide; both read the disk alone."""
