"""Free hidden biases, inputs on a line: the whole path in rational numbers, nothing sampled.

A `Problem` and an interval of ridges enter, all branches and events leave. In order: `curves` are
residuals as affine functions of the ridge, `turns` where their minima can change and what these
are at and between, `branches` join them over all ridges, `lists` are components at one ridge again,
`crossings` are where another one becomes the lowest, `records` are documents, `exact` is the path.
"""
