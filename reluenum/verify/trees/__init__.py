"""What trees of boxes of directions have in common, for inputs on a line and in more dimensions.

In order: `machine` (compiled functions), `numbers` (rational numbers as Python has them, small
linear systems), `content` (the bytes of a tree), `batches` (of boxes and records, for threads and
processes), `leaves` (records), `parts` (what has been checked elsewhere), `document` (the
certificate, and what follows from leaves).
"""
