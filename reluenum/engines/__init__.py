"""The ways from a problem to its landscape.

A problem and `Settings` enter, a landscape leaves. `reduced` solves the stationarity system of
every support, `eliminated` is the paper's route, `certified` decides supports in batches. In order:
`formulations` puts the first two behind one set of functions, `groebner` is the engine that runs
them, `layers` that for several hidden layers, `checked` has its lists proved before they are called
complete, `choice` is what users choose from, `series` takes one data set at every width.
"""
