"""Which stationary deep networks are local minima, and what dead and further units do to one.

A `ScaledNetwork` enters; a verdict leaves, for a rejected network with one below. In order: `faces`
is linear algebra on faces; `outlook` is what a dead unit sees; `choices` is what kinks above do as
it grows; `strictness` is about multipliers that are 0; `bends` are second and third derivatives of
towers; `growths` finds directions in which it grows; `corners` is about one further unit of widths
(m, 1), `sums` about several; `dormancy` decides whether dead units stay dead; `live` judges live
units alone; `sharing` says whether units can share a direction; `judge` is the verdict.
"""
