"""Deep networks: every stratum's stationary points, and which of them are local minima.

In order: `cones`, `strata`, `enumeration`, `chains`, `wide`, `networks`, `solve`, `cells`,
`minimality`, `dead`, `witnesses`, `landscape`.
"""
