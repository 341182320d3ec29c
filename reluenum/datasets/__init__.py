"""Data files as people have them, data made here, and the atlas of solved data sets.

A file's bytes or a seed enter, exact numbers leave. In order: `layout` is what has to be known of a
file besides the file, `datafiles` reads and writes, `families` are built-in and generated data,
`atlas` has the landscapes of the sweeps that are shipped, as tables.
"""
