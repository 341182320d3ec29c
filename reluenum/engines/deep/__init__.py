"""Deep networks: a polynomial system for each stratum, and everything that both deep routes share.

In order:
`cones` gives the signs of linear forms on polyhedral cones;
`strata` are the signs that an equation sees;
`networks` are stationary networks with exact signs;
`chains` is the system of strata with one unit in each layer above the first;
`wide` is that of any other;
`enumeration` lists all strata of a problem that can hold a local minimum;
`solve` ends with the proved stationary networks of a stratum.
"""
