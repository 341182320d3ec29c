"""FLINT's Buchberger algorithm, in process: fastest on small systems."""

from flint import __FLINT_VERSION__, fmpz_mpoly_vec

from reluenum.groebner.killable import KillableWorker
from reluenum.realpoints import GroebnerBasis
from reluenum.stationarity import PolynomialSystem, ring

EFFORT = (120, 400, 20_000)
"""Largest basis, terms per polynomial and coefficient bits of the bounded first attempt."""


class FlintBackend:
    """FLINT through python-flint."""

    name = "flint"

    def __init__(self) -> None:
        self._worker = KillableWorker(self.name)

    def version(self) -> str:
        """Return FLINT's version."""
        return __FLINT_VERSION__

    def basis(self, system: PolynomialSystem, seconds: float) -> GroebnerBasis:
        """Return the reduced basis, in process if it is easy, else in a helper process."""
        if (quick := self.within_effort(system)) is not None:
            return quick
        texts = self._worker.call(_basis_text, (system.variables, system.to_text()), seconds)
        return parsed_basis(system.variables, texts)

    @staticmethod
    def within_effort(system: PolynomialSystem) -> GroebnerBasis | None:
        """Return the reduced basis if it needs no more than `EFFORT`, else None."""
        vector, finished = system.vector.buchberger_naive(limits=EFFORT)
        return GroebnerBasis.of(system.variables, list(vector.autoreduction())) if finished else None

    def close(self) -> None:
        """End the helper process."""
        self._worker.close()


def _basis_text(variables: tuple[str, ...], polynomials: list[str]) -> list[str]:
    """Compute in the helper process; polynomials travel as text."""
    vector = fmpz_mpoly_vec([parse(text, variables) for text in polynomials], ring(variables))
    return [str(p) for p in vector.buchberger_naive().autoreduction()]


def parse(text: str, variables: tuple[str, ...]):
    """Read an integral polynomial from text.

    Raises
    ------
    ValueError
        If the text is no sum of terms `c*x^e*...` in the variables.
    """
    position = {name: j for j, name in enumerate(variables)}
    terms: dict[tuple[int, ...], int] = {}
    for term in text.replace(" ", "").replace("-", "+-").split("+"):
        if not term:
            continue
        coefficient, exponents = 1, [0] * len(variables)
        for factor in term.removeprefix("-").split("*"):
            base, _, power = factor.partition("^")
            if base in position:
                exponents[position[base]] += int(power or 1)
            else:
                coefficient *= int(factor)
        key = tuple(exponents)
        value = -coefficient if term.startswith("-") else coefficient
        terms[key] = terms.get(key, 0) + value
    return ring(variables).from_dict(terms)


def parsed_basis(variables: tuple[str, ...], texts: list[str]) -> GroebnerBasis:
    """Read a reduced basis from text."""
    return GroebnerBasis.of(variables, [parse(text, variables) for text in texts])
