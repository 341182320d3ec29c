"""Pictures of a sweep: counts, cost, shares and sizes; `panels` is what they share."""
