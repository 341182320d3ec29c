"""Exact numbers: how they come in, are computed with, are proved, and are written.

What enters are numbers as people hold them and polynomial systems with rational coefficients; what
leaves are exact numbers, boxes that interval Newton has proved, and correctly rounded texts.
Nothing here knows of networks. In order: `scalars` and `arrays` read, `linear` is linear algebra
over Q, `numberfield` the field of one real root, `polynomials` the systems, `newton` the proof of a
box, `parametrisation` all solutions, `numbers` the points and what is computed of them, `bases`
the way from a Groebner basis, `decimals` the texts, `balls` arrays of balls in doubles, `forms`
kernels and definite forms in FLINT's balls.
"""
