"""Polynomials as text, the common language of all engines."""

from flint import fmpz, fmpz_mpoly

from reluenum.algebra.polynomials import PolynomialSystem, ring


def plain(system: PolynomialSystem) -> PolynomialSystem:
    """Return the same system in variables x1, x2, ..., names that mean nothing to any program."""
    names = tuple(f"x{k}" for k in range(1, len(system.variables) + 1))
    target = ring(names)

    def renamed(polynomials: tuple[fmpz_mpoly, ...]) -> tuple[fmpz_mpoly, ...]:
        return tuple(target.from_dict(p.to_dict()) for p in polynomials)

    return PolynomialSystem(names, renamed(system.polynomials), renamed(system.nonzero))


def parse_polynomial(text: str, variables: tuple[str, ...]) -> fmpz_mpoly:
    """Read an integral polynomial written as a sum of terms `c*x^e*...`.

    Raises
    ------
    ValueError
        If a factor is neither an integer nor a power of a variable.
    """
    position = {name: j for j, name in enumerate(variables)}
    terms: dict[tuple[int, ...], fmpz] = {}
    for term in text.replace(" ", "").replace("-", "+-").split("+"):
        if not term:
            continue
        coefficient = fmpz(-1 if term.startswith("-") else 1)
        exponents = [0] * len(variables)
        for factor in term.removeprefix("-").split("*"):
            base, caret, power = factor.partition("^")
            if base not in position:
                coefficient *= fmpz(factor)
            elif not caret or power.isdigit():
                exponents[position[base]] += int(power or 1)
            else:
                raise ValueError(f"invalid exponent {power!r}")
        key = tuple(exponents)
        terms[key] = terms.get(key, fmpz(0)) + coefficient
    return ring(variables).from_dict(terms)
