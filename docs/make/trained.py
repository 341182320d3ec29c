"""Write docs/trained.md: which minimum a trained network is in.

    make trained

The text is docs/templates/measured/trained.md.j2. Numbers come from docs/data/trained.json, which
benchmarks/trained.py writes; what a sentence says is checked before it is written.
"""

import json
from collections.abc import Mapping, Sequence
from operator import lt
from typing import Any

from matplotlib.figure import Figure

from docs.make.prose import IMAGES, ROOT, measured
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
    percent_axis,
)
from reluenum.views.cells import percent, short_number

DATA, IMAGE = ROOT / "docs/data/trained.json", IMAGES / "trained_ends"

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
        percent_axis(axes.xaxis)
        axes.set_xlim(0, 1)
    axes.invert_yaxis()
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure, ""


def page(data: Mapping[str, Any]) -> str:
    """Return the page."""
    rows, seeds = data["instances"], data["seeds"]
    worst = min(_of_bias(rows, "free"), key=lambda row: fates(row)["global"])
    values = {
        **{"alpha": data["alpha"], "seeds": seeds},
        "rows": [_cells(row, seeds) for row in rows],
        "ends": _ends(rows, seeds),
        "worst": {
            **{"data": TITLES[worst["data"]], "width": worst["width"]},
            **{"best": fates(worst)["global"], "never": never(worst)},
            "minima": len(worst["components"]),
        },
        "vanishing": _vanishing(data["vanishing"]),
    }
    return measured("trained", values)


def _of_bias(rows: Sequence[Row], bias: str) -> list[Row]:
    return [row for row in rows if row["hidden_bias"] == bias]


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


def _ends(rows: Sequence[Row], seeds: int) -> dict[str, Any]:
    """Return where runs end; instances are in pairs, one of each convention."""
    others = {(row["data"], row["width"]): row for row in _of_bias(rows, "ridge")}
    free = _of_bias(rows, "free")
    ridge = [others[row["data"], row["width"]] for row in free]
    best_free, best_ridge = ([fates(row)["global"] for row in side] for side in (free, ridge))
    counts = [
        (len(a["components"]), len(b["components"])) for a, b in zip(free, ridge, strict=True)
    ]
    odd = ("missing from the list", "unexplained", "diverged")
    strange = any(kind in row["elsewhere"] for row in rows for kind in odd)
    return {
        **{"runs": seeds * len(rows), "pairs": len(free)},
        "explained": all(row["complete"] for row in rows) and not strange,
        "dead": [fates(row)["dead"] for row in free],
        **{"best_free": best_free, "best_ridge": best_ridge},
        "more_with_penalty": all(map(lt, best_free, best_ridge)),
        "fewer_minima": sum(a > b for a, b in counts),
        "no_more_minima": all(a >= b for a, b in counts),
        "stalled": sum(fates(row)["on the way"] for row in rows),
    }


def _vanishing(rows: Sequence[Row]) -> dict[str, Any]:
    limits = {row["width"]: row["losses"] for row in rows if row["offset"] is None}
    last = {row["width"]: row["losses"] for row in rows if row["offset"]}
    constant = limits[1][-1]
    return {
        "rows": [
            {
                "L": str(row["width"]),
                "μ / alpha": "none" if row["offset"] is None else f"1/{row['offset'] ** 2:,}",
                "minima": str(len(row["losses"])),
                "losses": ", ".join(short_number(loss, 6) for loss in row["losses"]),
            }
            for row in rows
        ],
        "near": _near(limits, last),
        "constant": short_number(constant, 6),
        "constant_is_lost": all(constant not in losses for losses in last.values())
        and all(len(last[width]) < len(limits[width]) for width in limits),
    }


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
