"""Supports decided in batches, in doubles with proved bounds; exact where these fail.

A problem enters; a landscape, a document and a certificate leave. In order: `projections` encloses
residuals, `verdicts` reads Theorems B, C and E off them, `search` and `escalation` decide single
supports, `blocks` are the results and their bytes, `survey` examines a block, `spool` all of them,
`census` adds them up, `certificate` is the record of every support, `questions` are one width or
all, `prove` writes it all.
"""
