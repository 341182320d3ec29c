"""Hidden biases without penalty, for inputs of any dimension: every local minimum, exactly.

A `Problem` enters, a landscape leaves, by one of two engines. In order: `creases` are the faces on
which a unit can live and their tables, `systems` the polynomial system of a few of them, `screens`
rejects most supports before they are solved, `smoothed` finds minima of many convex problems
whatever the scales, `interior` single ones to any number of digits, `enclosures` rejects supports
by the thousand in doubles, `tight` has what follows from one residual, `essential` decides single
supports by interval Newton, `flows` the weights that creases of a residual can have. `route` is the
engine that solves what `screens` leaves by Groebner bases. `collected` makes a landscape of what
`essential` has decided, and `proved` is the engine that keeps a record of every support. Of one
residual units have finitely many directions, and along a direction they are hinges on a line:
strata and components are those of `engines/hinges`.
"""
