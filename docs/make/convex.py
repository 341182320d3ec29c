"""Write docs/convex.md: lists of minima of random data beside their convex programs.

Every list and every program is computed here, a minute in all; what a sentence says is checked
before it is written.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context

from docs.make.prose import ROOT, bullets, paragraph, said
from reluenum import Problem
from reluenum.convex.comparison import EQUAL, Comparison, compare_with_program
from reluenum.convex.program import TIGHT, ConvexOptimum, convex_optimum
from reluenum.datasets.families import random_data
from reluenum.documents.files import write_text
from reluenum.engines.series import CertifiedSeries
from reluenum.problem import Loss, OutputBias, parse_ridge
from reluenum.views.cells import pipe_table, short_number

SIZES = ((2, 1), (3, 1), (4, 1), (5, 1), (6, 1), (7, 1), (3, 2), (4, 2), (5, 2), (7, 2))
"""Numbers of points and dimensions; each is taken with three ridges."""

RIDGES = ("1/100", "1/20", "1/4")
WIDTHS = (1, 2, 3)
COUNT = 30


@dataclass(frozen=True)
class Row:
    """A list of minima and the program of its problem.

    Parameters
    ----------
    seed, width : int
    optimum : ConvexOptimum
    comparison : Comparison
    """

    seed: int
    width: int
    optimum: ConvexOptimum
    comparison: Comparison

    @property
    def excess(self) -> float:
        """How far the lowest loss is above the value, as a share of it."""
        return self.comparison.lowest_loss / self.optimum.value - 1

    def cells(self) -> dict[str, str]:
        """Return the row of the table."""
        problem, found = self.optimum.problem, self.comparison
        return {
            "seed": str(self.seed),
            "n": str(problem.size),
            "d": str(problem.dimension),
            "ridge": str(problem.ridge),
            "loss": problem.loss.value,
            "bias": problem.output_bias.value,
            "L": str(self.width),
            "convex value": _shown(self.optimum.value),
            "dual bound": _shown(self.optimum.dual_bound),
            "lowest loss": _shown(found.lowest_loss),
            "flag": "yes" if found.flagged else "no",
            "agree": "yes" if found.agrees else "NO",
        }


def _shown(value: float) -> str:
    """Return a number with the digits that the solver reaches."""
    return short_number(repr(value), 8)


def posed(seed: int) -> Problem:
    """Return an instance: both losses and all biases in turn."""
    size, dimension = SIZES[seed % len(SIZES)]
    ridge = parse_ridge(RIDGES[seed // len(SIZES)])
    loss, bias = list(Loss)[seed % 2], list(OutputBias)[seed % 3]
    return Problem(*random_data(size, dimension, seed), 1, ridge, loss, bias)


def rows_of(seed: int) -> Iterator[Row]:
    """Yield the rows of an instance, one for each width."""
    problem = posed(seed)
    optimum, series = convex_optimum(problem), CertifiedSeries(problem)
    records: list[bytes] = []
    for width in WIDTHS:
        records.append(series.examine(width, records))
        yield Row(
            seed, width, optimum, compare_with_program(optimum, series.document(width, records))
        )


def page(rows: Sequence[Row]) -> str:
    """Return the page."""
    parts = [
        "# The convex program, beside the lists",
        paragraph(
            "Pilanci and Ergen showed that the least loss over all widths is the value of a convex",
            "program ([theory](theory.md), section 17). It knows neither faces with zeros nor",
            "supports, so it is another way to the flag `global_at_every_width` of a list: by",
            "Theorem F a component carries it if and only if its loss is the value of the program.",
        ),
        "```sh\n"
        "pip install 'reluenum[convex]'\n"
        "reluenum minima data.csv --width 3 --ridge 1/100 --output minima.json\n"
        "reluenum convex data.csv --ridge 1/100 --minima minima.json\n"
        "snakemake --cores 2 convex_all        # every instance of a configuration\n"
        "```",
        paragraph(
            "Both fail on a disagreement. Flags are decided by exact signs; the program is solved",
            "in doubles (CLARABEL through cvxpy), and its value is known between the loss of a",
            said(
                "network and a dual bound. A value counts if these differ by at most a millionth, "
                "and a loss is equal to it up to a millionth;",
                TIGHT == EQUAL == 1e-6,
            ),
            "a component less than that above the least loss would look global, which exact signs",
            "rule out.",
        ),
        f"## {len({row.seed for row in rows})} random instances, {len(rows)} lists",
        bullets([*_agreement(rows), *_certificates(rows)]),
        paragraph(
            "Inputs and outputs are uniform in [-1, 1], as `reluenum data random` gives them for",
            "the seed; lists are those of the certified engine. `make convex` computes everything",
            "again and writes this page.",
        ),
        pipe_table([row.cells() for row in rows]),
    ]
    return "\n\n".join(parts) + "\n"


def _agreement(rows: Sequence[Row]) -> list[str]:
    flagged = [row for row in rows if row.comparison.flagged]
    others = [row for row in rows if not row.comparison.flagged]
    counts = [sum(row.width == width for row in flagged) for width in WIDTHS]
    few = [row for row in rows if row.optimum.units == row.width]
    farthest = max(abs(row.excess) for row in flagged)
    return [
        said(
            f"All {len(rows)} lists agree with the program: {len(flagged)} have a flagged "
            f"component and reach the value, {len(others)} have none and do not.",
            all(row.comparison.agrees for row in rows) and bool(flagged) and bool(others),
        ),
        "The two cases are far apart. "
        + said(
            f"Where there is a flag, the lowest loss is within {_at_most(farthest)} of the value;",
            farthest < EQUAL / 10,
        )
        + " "
        + said(
            f"where there is none, it is at least {_least(others)} % above it.",
            min(row.excess for row in others) > 100 * EQUAL,
        ),
        said(
            f"With one, two and three units {counts[0]}, {counts[1]} and {counts[2]} of the "
            "instances reach the value; who reaches it with few units does so with more.",
            counts == sorted(counts) and _stays_reached(flagged),
        ),
        said(
            f"The solution of the program is itself a network. In {len(few)} rows it has as many "
            "units as the list, and there the list has the flag.",
            all(row.comparison.flagged for row in few),
        ),
    ]


def _stays_reached(flagged: Sequence[Row]) -> bool:
    """Say whether with a width all larger ones are there."""
    found = {(row.seed, row.width) for row in flagged}
    return all((seed, width + 1) in found for seed, width in found if width < WIDTHS[-1])


def _least(others: Sequence[Row]) -> str:
    percent = 100 * min(row.excess for row in others)
    return str(Context(prec=2, rounding=ROUND_FLOOR).create_decimal_from_float(percent))


def _at_most(value: float) -> str:
    """Return a bound with one digit, not below the value."""
    return f"{Context(prec=1, rounding=ROUND_CEILING).create_decimal_from_float(value):.0e}"


def _certificates(rows: Sequence[Row]) -> list[str]:
    gap = max(row.optimum.gap / row.optimum.value for row in rows)
    violation = max(row.optimum.violation for row in rows)
    return [
        said(
            f"The dual bound from the residual is below the value by at most {_at_most(gap)} of "
            "it, and the solver's multipliers miss their conditions by at most "
            f"{_at_most(violation)} of the ridge.",
            0 <= gap < TIGHT / 10 and violation < TIGHT / 10,
        ),
    ]


def main() -> None:
    """Compute all rows and write the page."""
    rows = [row for seed in range(COUNT) for row in rows_of(seed)]
    write_text(ROOT / "docs/convex.md", page(rows))


if __name__ == "__main__":
    main()
