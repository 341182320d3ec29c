"""Prove from a certificate that a document of minima is complete and right.

Nothing here imports the rest of the package: the checker enumerates the faces, encloses every
residual and derives every entry of the document itself, so that the solver need not be trusted.
docs/certificate.md has the format and the argument, claim by claim; each claim is a function of
`document`, `records`, `groups`, `points` or `landscape`, in this order. They ask `residuals`, with
the steps of `newton`; below are `exact` (data, faces, moments), `reals` and `pages`.
"""

from .document import Report, main, verify
from .reals import CertificateError

__all__ = ["CertificateError", "Report", "main", "verify"]
