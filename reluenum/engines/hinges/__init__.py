"""Hidden biases without penalty, for inputs on a line: every local minimum in rational numbers.

A `Problem` enters, a landscape leaves. Units are hinges at inputs, or between two of them, and
hinges are edges of a graph (Lemma 82); with given signs everything is linear (Lemma 83).
In order: `hinges` are the data and their tables, `states` what a unit can be, `doubles` rejects
nearly all sets of hinges at once, `residuals` has what follows from one residual, `flows` the
weights that hinges can have with it, `strata` how units share these, `joined` which strata are one
component, `route` is the engine.
"""
