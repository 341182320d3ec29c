"""Prove a list of minima with hidden biases without penalty, for inputs of any dimension.

Each record of the certificate says why no minimum needs a set of creases, or that it has a point;
residuals are enclosed in the ball of Lemma 98, and zeros are exact, by structure or in a number
field. In order: `sites` (the data, creases, linear forms), `spaces` (what is known of a residual
by structure), `residuals` (exact, or in balls), `cores` (residuals as sharp as a question needs),
`screens` (records by the thousand, in doubles with error bounds), `units` (what units can be with
one residual), `records` (the certificate), `weights` (how units share the fit), `strata`, `groups`
(the numbers of these), `joined` (which residuals are one, which strata are connected), `document`.
"""
