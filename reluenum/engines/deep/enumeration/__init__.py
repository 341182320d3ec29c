"""Which strata of a problem can hold a local minimum.

In order: `arrays` are the signs that networks can have; `exclusion` says why a stratum holds no
local minimum; `sizes` bounds how many strata there are, and refuses too many; `strata` is the list
of those that are to be solved.
"""
