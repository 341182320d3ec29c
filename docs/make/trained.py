"""Write docs/trained.md: which minimum a trained network is in.

    make trained

Numbers come from docs/data/trained.json, which benchmarks/trained.py writes; what a sentence says
is checked before it is written.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from tabulate import tabulate

from docs.make.prose import bullets, paragraph, said
from reluenum.documents.files import write_text
from reluenum.figures import save_figure
from reluenum.figures.style import (
    BLUE,
    DOUBLE_COLUMN,
    GREEN,
    GREY,
    LIGHT,
    VERMILLION,
    drawing,
)
from reluenum.views.cells import percent, short_number

ROOT = Path(__file__).parents[2]
DATA, IMAGE = ROOT / "docs/data/trained.json", ROOT / "docs/images/trained_ends"

TITLES = {"galileo": "Galileo", "nightingale": "Nightingale", "nile": "Nile"}

NAMES = {"free": "none (scikit-learn, Keras)", "ridge": "as on weights (PyTorch)"}
"""What the penalty on hidden biases is."""

FATES = {
    "global": ("best minimum", BLUE, None),
    "trap": ("another minimum, all units alive", VERMILLION, "////"),
    "dead": ("another minimum, with dead units", GREEN, "...."),
    "saddle": ("saddle", GREY, None),
    "on the way": ("on the way down", LIGHT, None),
}
"""How runs end: text, colour and hatching, so that prints in grey are read, too."""

Row = Mapping[str, Any]

USE = """```python
from sklearn.neural_network import MLPRegressor

from reluenum import enumerate_minima
from reluenum.interop import sklearn_network, sklearn_problem

X, y = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [2.0, 1.0]], [0.0, 1.0, 1.0, 0.0]
model = MLPRegressor(hidden_layer_sizes=(2,), solver="lbfgs", alpha=0.1, random_state=0)
model.fit(X, y)

landscape = enumerate_minima(sklearn_problem(model, X, y))  # every local minimum, proved
found = landscape.locate(*sklearn_network(model))
print(found.kind, found.component, found.above_best, found.distance)
```"""


def fates(row: Row) -> dict[str, int]:
    """Return how many runs of an instance ended in which way."""
    found = dict.fromkeys(FATES, 0)
    for component in row["components"]:
        kind = "dead" if component["zero_units"] else "trap"
        found["global" if component["global"] else kind] += component["runs"]
    elsewhere = dict(row["elsewhere"])
    found["on the way"] = elsewhere.pop("not stationary", 0)
    found["saddle"] = sum(elsewhere.values())
    return found


def never(row: Row) -> int:
    """Return how many listed minima no run ended at."""
    return sum(component["runs"] == 0 for component in row["components"])


@drawing(lambda _: "")
def plot_ends(data: Mapping[str, Any]) -> tuple[Figure, str]:
    """Draw the shares of runs by how they end, a bar for each instance and convention."""
    rows = data["instances"]
    figure = Figure(figsize=(DOUBLE_COLUMN, 4.4), layout="constrained")
    for axes, bias in zip(figure.subplots(1, 2, sharey=True), NAMES, strict=True):
        chosen = [row for row in rows if row["hidden_bias"] == bias]
        places = range(len(chosen))
        left = [0.0] * len(chosen)
        for fate, (text, colour, hatch) in FATES.items():
            shares = [fates(row)[fate] / data["seeds"] for row in chosen]
            axes.barh(
                places,
                shares,
                left=left,
                color=colour,
                hatch=hatch,
                edgecolor="white",
                linewidth=0.4,
                label=text,
            )
            left = [low + share for low, share in zip(left, shares, strict=True)]
        axes.set_title(f"penalty on hidden biases: {NAMES[bias]}", loc="left")
        axes.set_yticks(places, [f"{TITLES[r['data']]}, L = {r['width']}" for r in chosen])
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
        axes.set_xlim(0, 1)
    axes.invert_yaxis()
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure, ""


def page(data: Mapping[str, Any]) -> str:
    """Return the page."""
    parts = [
        "# Which minimum is my trained network in?",
        paragraph(
            "A fitted network is one point. Is it a local minimum, which one, how far above the",
            "best, and could further training leave it? With the list of all minima these are",
            "questions of looking up.",
        ),
        USE,
        *_use(),
        *_conventions(data),
        *_ends(data),
        *_vanishing(data["vanishing"]),
    ]
    return "\n\n".join(parts) + "\n"


def _use() -> list[str]:
    return [
        paragraph(
            "The same on the command line, with the arrays of any tool in a file (JSON or NumPy's",
            "npz, also stacks of many networks):",
        ),
        "```sh\n"
        "reluenum minima data.csv --width 2 --ridge 1/10 --hidden-bias free --output-bias free "
        "--output minima.json\n"
        'echo \'{"a": [1.2, -0.4], "B": [[0.9], [-1.1]], "c": [0.1, 0.3], "m": 0.2}\' '
        "> network.json\n"
        "reluenum locate minima.json network.json\n"
        "```",
        paragraph(
            "`reluenum.interop` reads `MLPRegressor` (`sklearn_problem`, `sklearn_network`), the",
            "arrays of two dense layers of Keras (`keras_problem`, `keras_network`) and of two",
            "linear layers of PyTorch (`torch_problem`, `torch_network`), each with its own scale",
            "of the penalty ([weight_decay.md](weight_decay.md)). What has no counterpart is",
            "refused by name: another activation, several hidden layers, early stopping.",
        ),
        paragraph(
            "A document of `reluenum locate` has a record for each network: its `kind` (a",
            "`minimum`, a `saddle`, `not stationary`), its exact `loss`, the number of the",
            "`component` it is at or leads down to, with that one's flags; `limit_loss`, the loss",
            "there, `excess`, how far above it the network is, and `above_best`, how far it is",
            "above the best minimum; `distance`, how far the parameters are from a point there, at",
            "most, and that point as `nearest`; for a saddle a `descent` that proves it. Given a",
            "document of `reluenum basins` instead, it says the `barrier`, too: the loss over",
            "which a way leads from there to a lower minimum, and whether the network is below it",
            "(`below_barrier`: then no descent leads elsewhere).",
        ),
        paragraph(
            "What is proved is where the way downhill ends and how the losses compare; distances",
            "are in doubles. The network is the rational numbers that its doubles are. With free",
            "hidden biases and one feature the whole way down is computed in rational numbers.",
            "With several features the way is computed in doubles, and the point at its end is",
            "certified; that is where the network leads if its units are in the cells of the",
            "network ([theory](theory.md#lemma-102)). What cannot be certified is `unexplained`,",
            "and the exit code is 3.",
        ),
    ]


def _conventions(data: Mapping[str, Any]) -> list[str]:
    return [
        "## Two conventions",
        paragraph(
            "scikit-learn's `alpha` and Keras' `kernel_regularizer` penalise weights, not biases;",
            "PyTorch's `weight_decay` penalises everything. These are different landscapes",
            "(`--hidden-bias free` and `ridge`). Without penalty on its bias a hidden unit that",
            "answers to no data point stays dead if its bias is negative: its weights shrink to 0,",
            "its bias stays where it is, and the rest is a local minimum ([theory](theory.md),",
            "section 24). (With a positive bias it comes back as its weights shrink; with none it",
            "ends at 0, mostly a saddle.) So the constant network is a local minimum at every",
            "width, and so is every minimum of a smaller width with dead units added. With a",
            "penalty on biases, dead units are saddles.",
        ),
        paragraph(
            f"Three data sets ([sources](../config/data/README.md)), alpha {data['alpha']}: all",
            f"minima are listed and proved, and {data['seeds']} networks each start as those of",
            "`MLPRegressor` do and are trained by L-BFGS to the end: by scikit-learn itself where",
            "biases are free. Each end is located.",
        ),
        "![How runs end, by data, width and convention](images/trained_ends.svg)",
        tabulate(
            [_cells(row, data["seeds"]) for row in data["instances"]],
            "keys",
            "pipe",
            disable_numparse=True,
        ),
        paragraph(
            "Minima: how many there are. Best, traps, with dead units: shares of runs that end at",
            "the best minimum, at another one with all units alive, at another one with dead",
            "units. Not there: at a saddle, or where L-BFGS stalls on a kink; the way down from",
            "there is known in each case. Never found: minima at which no run ended.",
        ),
    ]


def _cells(row: Row, seeds: int) -> dict[str, str]:
    """Return the row of the table."""
    found = fates(row)
    return {
        "data": f"{TITLES[row['data']]}, n = {row['n']}",
        "L": str(row["width"]),
        "penalty on hidden biases": "none" if row["hidden_bias"] == "free" else "ridge",
        "minima": str(len(row["components"])),
        "best": percent(found["global"], seeds),
        "traps": percent(found["trap"], seeds),
        "with dead units": percent(found["dead"], seeds),
        "not there": percent(found["saddle"] + found["on the way"], seeds),
        "never found": str(never(row)),
    }


def _pairs(rows: Sequence[Row]) -> list[tuple[Row, Row]]:
    """Return the instances with both conventions, the free one first."""
    free = [row for row in rows if row["hidden_bias"] == "free"]
    others = {(r["data"], r["width"]): r for r in rows if r["hidden_bias"] == "ridge"}
    return [(row, others[row["data"], row["width"]]) for row in free]


def _ends(data: Mapping[str, Any]) -> list[str]:
    rows, seeds = data["instances"], data["seeds"]
    pairs = _pairs(rows)
    free, ridge = ([pair[k] for pair in pairs] for k in (0, 1))
    best = [[fates(row)["global"] for row in side] for side in (free, ridge)]
    dead = [fates(row)["dead"] for row in free]
    worst = min(free, key=lambda row: fates(row)["global"])
    runs = seeds * len(rows)
    stalled = sum(fates(row)["on the way"] for row in rows)
    return [
        bullets(
            [
                said(
                    f"No end of {runs:,} is at a minimum that is not listed, and none is "
                    "unexplained.",
                    all(row["complete"] for row in rows)
                    and not any(
                        kind in row["elsewhere"]
                        for row in rows
                        for kind in ("missing from the list", "unexplained", "diverged")
                    ),
                ),
                said(
                    f"Without penalty on biases {percent(min(dead), seeds)} to "
                    f"{percent(max(dead), seeds)} of scikit-learn's networks end with dead units "
                    "in a minimum that is not the best.",
                    min(dead) > seeds / 4,
                ),
                said(
                    f"{percent(sum(best[0]), seeds * len(free))} end at the best minimum of their "
                    f"width; with the penalty on biases, too, "
                    f"{percent(sum(best[1]), seeds * len(ridge))}, and more in each of the "
                    f"{len(pairs)} pairs.",
                    all(one < other for one, other in zip(*best, strict=True)),
                ),
                f"On {TITLES[worst['data']]} with L = {worst['width']}, of {seeds} seeds "
                f"{fates(worst)['global']} end at the best of {len(worst['components'])} minima, "
                f"and {never(worst)} of them are never found.",
                said(
                    "The convention with a penalty on biases has fewer minima on the same data in "
                    f"{sum(len(a['components']) > len(b['components']) for a, b in pairs)} of "
                    f"{len(pairs)} pairs, and as many in the others; part of this is the dead "
                    "networks alone.",
                    all(len(a["components"]) >= len(b["components"]) for a, b in pairs),
                ),
                f"L-BFGS stops on the way down, mostly on a kink, in {percent(stalled, runs)} of "
                "the runs.",
            ]
        )
    ]


def _vanishing(rows: Sequence[Row]) -> list[str]:
    limits = {row["width"]: row["losses"] for row in rows if row["offset"] is None}
    last = {row["width"]: row["losses"] for row in rows if row["offset"]}
    constant = limits[1][-1]
    return [
        "## A penalty that vanishes is not no penalty",
        paragraph(
            "Is the list without penalty on biases the limit of lists with a smaller and smaller",
            "one? Three points, x = 0, 1, 2 and y = 1, 0, 1, alpha 1/8, with the penalty μc² on",
            "hidden biases. (A unit with bias c is one without bias on the inputs (x, s), with",
            "μ = alpha/s²: `--hidden-bias none`.)",
        ),
        tabulate(
            [
                {
                    "L": str(row["width"]),
                    "μ / alpha": "none" if row["offset"] is None else f"1/{row['offset'] ** 2:,}",
                    "minima": str(len(row["losses"])),
                    "losses": ", ".join(short_number(loss, 6) for loss in row["losses"]),
                }
                for row in rows
            ],
            "keys",
            "pipe",
            disable_numparse=True,
        ),
        bullets(
            [
                said(
                    "The losses of living networks come near to those without penalty, from above.",
                    _near(limits, last),
                ),
                said(
                    f"The constant network, of loss {short_number(constant, 6)}, is a minimum "
                    "without penalty, and with none, however small: the bias of a dead unit "
                    "shrinks with it, to where growing again lowers the loss. Nor are the minima "
                    "of smaller widths with dead units added.",
                    all(constant not in losses for losses in last.values())
                    and all(len(last[width]) < len(limits[width]) for width in limits),
                ),
                "What can move freely without penalty (kinks in a gap, biases of straight lines) "
                "is pinned by any.",
            ]
        ),
        paragraph("`make trained` measures all of this again and writes the page."),
    ]


def _near(limits: Mapping[int, Sequence[str]], last: Mapping[int, Sequence[str]]) -> bool:
    """Say whether each loss at the smallest penalty is just above one without."""
    return all(
        any(0 <= float(loss) - float(limit) < 1e-5 for limit in limits[width])
        for width, losses in last.items()
        for loss in losses
    )


def read() -> dict[str, Any]:
    """Return what was measured."""
    return json.loads(DATA.read_text())


def main() -> None:
    """Draw the figure and write the page."""
    data = read()
    save_figure(plot_ends(data), IMAGE, ["svg"])
    write_text(ROOT / "docs/trained.md", page(data))


if __name__ == "__main__":
    main()
