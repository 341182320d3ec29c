"""Prove from a certificate that a document of minima, or of their basins, is complete and right.

Nothing here imports the rest of the package: the checker enumerates the faces, encloses every
residual and derives every entry of the document itself, so that the solver need not be trusted.

What one kind of document needs of this, and how many lines that are, says the table at the
beginning of the argument in docs/certificate.md: a proof runs in no other module. All kinds begin
with `document`, which needs `reals`, `processes` and `exact` only.

The argument for a record of every support, claim by claim, is in `document`, `records`, `groups`,
`points`, `landscape` and `basins`, to be read in this order. In order: `reals` (refusals, and signs
of numbers), `processes` (how work is shared), `exact` (data, faces, linear forms), `pages`
(Parquet), `residuals` (exact, or in the ball of Lemma 8), `cores` (residuals as sharp as a question
needs, by Newton steps that prove nothing), `groups` (residuals that are one), `records` (the
certificate, one record after the other), `points` and `landscape` (what follows), `basins` (the
tree of these), `document`.
"""

from .document import Report, main, verify, verify_boxes
from .processes import Share
from .reals import CertificateError, NoDocumentError, RefusedBoxesError
from .trees.parts import verify_part

__all__ = [
    "CertificateError",
    "NoDocumentError",
    "RefusedBoxesError",
    "Report",
    "Share",
    "main",
    "verify",
    "verify_boxes",
    "verify_part",
]
