"""Deep networks: a polynomial system for each stratum, and everything that both deep routes share.

In order:
`cones` gives the signs of linear forms on polyhedral cones;
`strata` are the signs that an equation sees;
`networks` are stationary networks with exact signs;
`chains` is the system of strata with one unit in each layer above the first;
`wide` is that of any other;
`enumeration` lists all strata of a problem that can hold a local minimum;
`solve` ends with the proved stationary networks of a stratum;
`cells` are the polynomials around a stationary network;
`witnesses` are rational networks below a rejected one;
`dead` decides what dead units do, and whether units can share a direction;
`minimality` says which stationary networks are local minima;
`landscape` joins them to components.
"""
