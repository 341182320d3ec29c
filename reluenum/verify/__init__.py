"""Prove from a certificate that a document of minima is complete and right.

Nothing here imports the rest of the package: the checker enumerates the faces, encloses every
residual and derives every entry of the document itself, so that the solver need not be trusted.
The modules are to be read in the order of the proof: `exact` (data, faces, moments), `reals`,
`residuals` (exact, or in the ball of Lemma 8, and what they say of a face), `records` (the
certificate, one record after the other), `points` and `landscape` (what follows from it),
`document`. The format is described in docs/certificate.md; theorems are those of docs/theory.md.
"""

from .document import Report, main, verify
from .reals import CertificateError

__all__ = ["CertificateError", "Report", "main", "verify"]
