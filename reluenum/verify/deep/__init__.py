"""Prove that a document of minima of a network with several hidden layers is complete and right.

Widths (L, 1): where the square X of the output weight is given, what is below is convex (Theorem
D9). So each stratum is covered by intervals of X, and this room encloses what is in them. In order:
`sites` (the data), `strata` (all that can hold a minimum, by exact arithmetic), `towers` (the
equations of a stratum), `inner` (the convex problem at one X, and on an interval), `sides` (what
excludes a stationary point), `exactly` (numbers that are 0, where balls do not tell), `points`
(those that are found, judged), `cover` (the record of a stratum), `further` (units without
weights), `components` and `lists` (what other deep networks have as well), `document`.
"""
