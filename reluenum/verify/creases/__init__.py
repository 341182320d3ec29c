"""Prove a list of minima with hidden biases without penalty, for inputs of any dimension.

Each record of the certificate says why no minimum needs a set of creases, or that it has a point;
residuals are enclosed in the ball of Lemma 98, and zeros are exact, by structure or in a number
field. In order: `sites` (the data, creases, linear forms), `residuals` (exact, or in balls),
`cores` (residuals as sharp as a question needs), `records`, `units` (what units can be with one
residual), `weights` (how they share the fit), `strata`, `groups` (the numbers of these), `joined`
(which residuals are one, which strata are connected), `document`.
"""

from .document import proof_of

__all__ = ["proof_of"]
