"""One problem solved in every way, and the ways compared.

In order: `recording` keeps what a backend is asked, `layers`, `free` and `measurement` every system
of a problem with several hidden layers, with free hidden biases, and of others; `agreement`
compares, `page` shows.
"""

EMBEDDED = "embedded"
"""The certified engine for free hidden biases in space, on inputs on a line."""

LISTS = ("certified", "branch", EMBEDDED)
"""The engines that ask no system of polynomials: they run once, whatever the backends."""
