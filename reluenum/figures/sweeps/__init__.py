"""Pictures of a sweep: counts, cost, shares, depths, sizes; `panels` is what they share."""
