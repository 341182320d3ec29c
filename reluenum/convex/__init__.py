"""The least loss over all widths by a convex program, in doubles, and what it says of a list.

In order: `program` is the optimum with its certificates, `comparison` holds a document against it.
"""
