"""Rows of signs as texts: one sign a site in here, one a data point in documents."""

from collections.abc import Iterable

from reluenum.errors import InputError, quoted
from reluenum.problem import Problem


def of_points(problem: Problem, row: str) -> str:
    """Return the signs at the data points, from those at the sites."""
    site = {found.row: sign for found, sign in zip(problem.sites, row, strict=True)}
    return "".join(site[point] for point in problem.rows)


def of_sites(problem: Problem, row: str, where: str) -> str:
    """Return the signs at the sites, from a text with one a data point.

    Raises
    ------
    InputError
        If it is no row of signs of the problem.
    """
    expected = f"{problem.size} signs out of +-0, one a data point"
    if len(row) != problem.size or not set(row) <= set("+-0."):
        raise InputError(where, quoted(row), expected)
    signs = "".join(row[site.first] for site in problem.sites)
    if of_points(problem, signs) != row:
        raise InputError(where, quoted(row), "equal signs at equal inputs")
    return signs


def text_of(problem: Problem, layers: Iterable[Iterable[str]]) -> str:
    """Return rows of signs, one a site, as text with one a data point; `zero` without any."""
    text = "/".join(",".join(of_points(problem, row) for row in layer) for layer in layers)
    return text if text.strip("/") else "zero network"
