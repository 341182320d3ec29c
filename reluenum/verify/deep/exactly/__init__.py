"""What balls do not tell: numbers that are exactly 0, and strata that are empty for that reason.

`fields` (a point in a number field), `probes` (what is 0 whatever T and X are), `folds` (double
zeros), `lines` (units whose vectors are known up to signs and sizes), `shadows` (units that never
gain more than others).
"""
