"""What the Snakefile and its scripts need to know; nothing here knows Snakemake.

A configuration enters; instances, names, plans and the files between steps leave. In order:
`configuration` is checked and completed, `names` are folders, `instances` and batches of them are
what is solved, `plans` spreads work over jobs, `effort` says how long they take, `joblog` keeps
their logs, `steps` are the files between them, `layers` those with several hidden layers, `checks`
go over certificates, `rows` and `sweep` are a batch of a sweep, `conclusions` the last lines of an
experiment.
"""
