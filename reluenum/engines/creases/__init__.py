"""Hidden biases without penalty, for inputs of any dimension: every local minimum, exactly.

A `Problem` enters, a landscape leaves. In order: `creases` are the faces on which a unit can live
and their tables, `systems` the polynomial system of a few of them, `screens` rejects most supports
before they are solved, `tight` has what follows from one residual, `flows` the weights that its
creases can have, `route` is the engine. Of one residual units have finitely many directions, and
along a direction they are hinges on a line: strata and components are those of `engines/hinges`.
"""
