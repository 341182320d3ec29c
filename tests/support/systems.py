"""Polynomial systems on which backends disagree when one of them is wrong."""

from reluenum.algebra.bases import canonical
from reluenum.algebra.polynomials import PolynomialSystem
from reluenum.documents.minima import minima_document
from reluenum.documents.results import to_json
from reluenum.groebner.text import parse_polynomial


def system_of(variables, equations, nonzero=()):
    names = tuple(variables.split())
    parsed = (tuple(parse_polynomial(t, names) for t in part) for part in (equations, nonzero))
    return PolynomialSystem(names, *parsed)


def text_of(found):
    """The document but for the list of what is installed, which impostors and liars change."""
    document = minima_document(found)
    del document["software"]
    return to_json(document)


SYSTEMS = {
    "two lines": system_of("x y", ["x^2 + y^2 - 1", "x - y"]),
    "no separating variable": system_of("x y", ["x^2 - 2", "y^2 - 3"]),
    "one of two points": system_of("x", ["x^2 - 1"], ["x - 1"]),
    "both points": system_of("x", ["x^2 - 1"], ["x - 1", "x + 1"]),
    "conjugate points": system_of("x y", ["x^3 - 2", "y - x^2"], ["x - 1"]),
    "a double point": system_of("x y", ["x^2", "y - x"]),
    "a fat point": system_of("x y", ["x^2", "x*y", "y^2"]),
    "a fat point and a simple one": system_of("x y", ["x^2", "x*y", "y^3 - y^2"]),
    "without the fat point": system_of("x y", ["x^2", "x*y", "y^3 - y^2"], ["y"]),
    "without the simple point": system_of("x y", ["x^2", "x*y", "y^3 - y^2"], ["y - 1"]),
    # msolve 0.10.1 parametrises these by x, which does not separate (0, 0), (0, i) and (0, -i).
    "a double point and others above it": system_of("x y", ["y^3 + y", "x^2 + x*y"]),
    "a curve": system_of("x y", ["x*y - x"]),
    "a curve and a point": system_of("x y", ["x*y", "x^2 - x"]),
    "without the curve": system_of("x y", ["x*y", "x^2 - x"], ["x"]),
    "nothing beside the curves": system_of("x y", ["x^2*y"], ["x", "y"]),
    "a plane and a line": system_of("x y z", ["x*y", "x*z"]),
    "without the plane": system_of("x y z", ["x*y", "x*z"], ["x"]),
    "without the line": system_of("x y z", ["x*y", "x*z"], ["y"]),
    "no solution": system_of("x y", ["x*y - 1", "x"]),
    "nothing may be": system_of("x", ["x - 1"], ["0"]),
    "what cannot vanish": system_of("x y", ["x^2 - 2", "y - 1"], ["x^2 + 1", "7"]),
    "names that programs use": system_of(
        "ring E t A x1", ["t - E^2", "A*E-1", "ring", "x1-A"], ["E-2"]
    ),
    "names, finitely many": system_of("S t A", ["t - S^2", "A*S - 1", "S^2 - 3"], ["t - 2"]),
}


def comparable(found):
    points = found.parametrisation
    return found.dimension, found.degree, None if points is None else canonical(points)
