"""Documents as tables; no mathematics.

Documents enter, data frames and texts leave. In order: `cells` and `latex` are the small parts;
`deep`, `components`, `basins`, `stability`, `instances`, `sweep_tables` and `sweeps`, `optimisers`,
`convex` and `facts` each show one kind of document.
"""
