"""Draw the README's picture: the hidden units of the reference instance's local minima."""

from pathlib import Path

from reluenum import Problem, enumerate_minima
from reluenum.datasets.families import reference_data
from reluenum.figures import save_figure
from reluenum.problem import parse_ridge


def main(target: Path) -> None:
    """Write the picture as SVG; `target` is its path without suffix."""
    problem = Problem(*reference_data(), 2, parse_ridge("1/100"))
    save_figure(enumerate_minima(problem).figures()["units"], target, ("svg",))


if __name__ == "__main__":
    main(Path(__file__).parents[1] / "images/reference_units")
