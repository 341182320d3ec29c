"""Polynomial systems in, their solutions out: programs and libraries for Groebner bases.

In order: `workers` are processes, `limits` those of time and memory, `text` is polynomials as
programs write them, `killable` and `program` run what may have to be ended; `flint`, `sympy`,
`msolve` and `singular` are the backends, `backends` puts them behind one protocol, `versions` is
what documents record of them; `roots` are real and proved.
"""
