"""Prove that a document of minima of a network of widths (L, 1, 1) is complete and right.

Where U_2 is given, what is left is convex (Lemma D17): each stratum is covered by intervals of U_2,
as those of widths (L, 1) are by intervals of X. In order: `strata` (all that can hold a minimum),
`systems` (the equations of a stratum), `lines` (what kinks leave empty), `inner` (the convex
problem, and what it excludes), `signs`, `points` (those that are found, judged), `cover` (the
record of a stratum), `constants` and `dead` (layers and units without weights), `document`.
"""
