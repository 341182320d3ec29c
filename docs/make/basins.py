"""Draw the pictures of docs/basins.md: the tree of the reference, and a way between two basins."""

from pathlib import Path

from reluenum import Problem, enumerate_minima
from reluenum.datasets.families import reference_data
from reluenum.figures import save_figure
from reluenum.problem import parse_ridge


def main(folder: Path) -> None:
    """Write the pictures as SVG into a folder."""
    problem = Problem(*reference_data(), 2, parse_ridge("1/100"))
    basins = enumerate_minima(problem, engine="certified").basins()
    save_figure(basins.figure(), folder / "basins_tree", ("svg",))
    save_figure(basins.profile(2, 1), folder / "basins_profile", ("svg",))


if __name__ == "__main__":
    main(Path(__file__).parents[1] / "images")
