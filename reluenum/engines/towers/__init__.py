"""The certified route for widths (L, 1): one real parameter makes the rest convex (Theorem D9).

Strata enter; what is stationary on them leaves, with a record of why there is nothing else. In
order: `batches` are strata as arrays, `inner` is the inner problem in doubles, `enclosures` are
balls around its residual (Theorems D15, D16), `cover` covers all X of many strata with them,
`newton` encloses the inner minimiser over an interval of X, `zeros` proves the points in what is
left, `route` is the engine.
"""
