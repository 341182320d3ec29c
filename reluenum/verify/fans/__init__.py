"""Prove that a document of minima of a network of widths (1, L) on a line is complete and right.

Where the first-layer vector is given, what is above is convex (Theorem D22). So each stratum is
covered by boxes of first-layer vectors, cut here, not taken from the document, thousands at a time
in arrays of doubles with bounds of what these lack. In order: `strata` (all that can hold a
minimum, by exact arithmetic), `models` (functions on boxes), `shapes` (the numbers of strata),
`inner` (guesses, which prove nothing), `around` (what one guess tells of all stationary points over
a box), `exclusions` (what follows), `points` (those that are found, judged), `cover` (the boxes of
strata), `dead` (units without weights), `components`, `document`.
"""
