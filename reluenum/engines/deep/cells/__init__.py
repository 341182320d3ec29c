"""The loss around a stationary network: a polynomial on each cell, on which kinks choose a side.

A `ScaledNetwork` enters; its kinks with exact multipliers leave, derivatives in balls, and networks
below. In order: `programs` are linear programs; `kinks` are where cells meet; `jets` are values and
derivatives; `multipliers` are those of a cell's inequalities; `witnesses` are rational networks
below a rejected one.
"""
