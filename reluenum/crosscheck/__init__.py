"""One problem solved in every way, and the ways compared.

In order: `recording` keeps what a backend is asked, `layers` and `measurement` every system of a
problem with several hidden layers, and with one, `agreement` compares, `page` shows.
"""

LISTS = ("certified", "branch")
"""The engines that ask no system of polynomials: they run once, whatever the backends."""
