"""Groebner bases of stationarity systems, proved complete by Theorem E.

In order: `outcomes` solves a support, `completeness` proves that none is missing, `by_size` spares
reducible supports, `merge` collects outcomes by residual, `route` ends with the landscape.
"""
