"""How large errors of the targets may be before the list of minima changes.

A document of minima enters; for each minimum a radius within which it persists, and targets at
which it does not, leave. In order: `forms` are the norms of what is linear in the residual, `moves`
say how far units move with the targets, `margins` how far each support is from another verdict,
`nearest` finds targets with another one, `radii` is the whole and its document.
"""
