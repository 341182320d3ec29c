"""Write docs/deep.md: networks with several hidden layers, on the reference and in practice.

    make deep

The text is docs/templates/measured/deep.md.j2. Numbers come from docs/data/deep.csv and
deep_minima.csv, which benchmarks/deep.py writes, deep_certified.csv, by
benchmarks/deep_certified.py, and bounds.csv and best.csv, by benchmarks/bounds.py; what a sentence
says is checked before it is written. The pictures are drawn from lists that are made here, a minute
in all.
"""

from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context
from typing import Any

import pandas as pd

from docs.make.prose import DATA, IMAGES, ROOT, measured
from reluenum import Problem, enumerate_minima
from reluenum.datasets.families import reference_data
from reluenum.documents.files import write_text
from reluenum.figures import plot_beside, plot_collapses, plot_fits, plot_units, save_figure
from reluenum.problem import parse_ridge
from reluenum.views.cells import percent, short_number

LISTS: Mapping[str, tuple[int, ...]] = {
    "chain": (1, 1),
    "deeper": (1, 1, 1),
    "two": (2,),
    "three": (3,),
}
"""The lists of the pictures: all five points of the reference at the ridge 1/100."""

BASIS = {
    "proved": "records that `reluenum verify` proves",
    "exact basis": "Groebner bases over the rational numbers",
    "engine": "Groebner bases that an engine lifts from primes",
    "theorem E": "Theorem E",
}
"""What the completeness of a list rests on, in words."""


def tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return what was measured: a row for each instance, and one for each minimum."""
    runs = pd.read_csv(DATA / "deep.csv", dtype={"hidden": str})
    texts = ("hidden", "kinks", "loss")
    minima = pd.read_csv(DATA / "deep_minima.csv", dtype=dict.fromkeys(texts, str))
    return runs, minima.fillna({"kinks": "", "collapse": ""})


def page(runs: pd.DataFrame, minima: pd.DataFrame) -> str:
    """Return the page."""
    shapes, sweep = (runs[runs["part"] == part] for part in ("shapes", "sweep"))
    listed = minima[minima["part"] == "shapes"]
    reference = shapes[shapes["seed"] == 0]
    algebraic = shapes[(shapes["ridge"] == "1/100") & (shapes["completeness"] != "proved")]
    best = pd.read_csv(DATA / "best.csv", dtype=str, keep_default_na=False)
    values = {
        "reference": [_shape_row(row, _minima_of(listed, row)) for row in _rows(reference)],
        "depth": _depth(shapes, listed, minima[minima["part"] == "one layer"]),
        "ends": _ends(shapes, listed),
        "sweep": _sweep(sweep),
        "algebraic": list(map(_algebraic_row, _rows(algebraic))),
        "certified": list(map(_certified_row, _rows(pd.read_csv(DATA / "deep_certified.csv")))),
        "bounds": list(map(_bound_row, _rows(pd.read_csv(DATA / "bounds.csv", dtype=str)))),
        "best": list(map(_best_row, _rows(best[best["proved"] == "True"]))),
    }
    return measured("deep", values)


def _rows(table: pd.DataFrame) -> list[pd.Series]:
    return [row for _, row in table.iterrows()]


def _shape_row(row: pd.Series, minima: pd.DataFrame) -> dict[str, str]:
    depth = row["hidden"].count(",") + 1
    return {
        "widths": f"({row['hidden']})",
        "n": str(row["n"]),
        "ridge": row["ridge"],
        "strata": f"{row['strata']:,}",
        "stationary": f"{int(row['stationary']):,}",
        "minima": str(row["components"]),
        "isolated": str(int((minima["dimension"] == 0).sum())),
        "kinks in all layers": str(int((minima["kinks"].map(_layers) == depth).sum())),
        "best loss": short_number(minima["loss"].iloc[0], 10),
        "completeness": row["completeness"],
    }


def _layers(kinks: str) -> int:
    """Return how many layers have a kink."""
    return len(kinks.split())


def _minima_of(listed: pd.DataFrame, row: pd.Series) -> pd.DataFrame:
    """Return the minima of an instance."""
    keys = ("part", "hidden", "n", "d", "seed", "ridge")
    chosen = listed
    for key in keys:
        chosen = chosen[chosen[key] == row[key]]
    return chosen


def _depth(shapes: pd.DataFrame, listed: pd.DataFrame, one_layer: pd.DataFrame) -> dict[str, Any]:
    live = listed[listed["collapse"] == ""]
    chain, deeper = (_instance(shapes, hidden, 5, "1/100") for hidden in ("1, 1", "1, 1, 1"))
    return {
        "zero_is_listed": _zero_is_listed(listed),
        "passes": {row["hidden"]: _power(row["pass"]) for row in (chain, deeper)},
        "live": len(live),
        "kinked": (live["kinks"] != "").sum(),
        "several": (live["kinks"].map(_layers) > 1).sum(),
        **{"chain": _best(listed, chain), "deeper": _best(listed, deeper)},
        "wide": short_number(one_layer[one_layer["hidden"] == "2"]["loss"].iloc[0], 6),
    }


def _instance(shapes: pd.DataFrame, hidden: str, points: int, ridge: str) -> pd.Series:
    chosen = shapes[
        (shapes["hidden"] == hidden)
        & (shapes["n"] == points)
        & (shapes["ridge"] == ridge)
        & (shapes["seed"] == 0)
    ]
    return chosen.iloc[0]


def _best(listed: pd.DataFrame, row: pd.Series) -> str:
    return short_number(_minima_of(listed, row)["loss"].iloc[0], 6)


def _zero_is_listed(listed: pd.DataFrame) -> bool:
    """Return whether every list of the five reference points has the zero network."""
    five = listed[(listed["n"] == 5) & (listed["seed"] == 0)]
    groups = five.groupby(["hidden", "ridge"])["collapse"]
    return bool(groups.apply(lambda found: "zero" in set(found)).all())


def _power(value: float) -> str:
    """Return a small number in words of powers of ten."""
    digits, exponent = f"{value:.1e}".split("e")
    return f"{digits} · 10^{int(exponent)}"


def _ends(shapes: pd.DataFrame, listed: pd.DataFrame) -> dict[str, Any]:
    return {
        "rows": list(map(_practice_row, _rows(shapes))),
        "starts": shapes["starts"].sum(),
        "open": _open_ends(shapes),
        "lacking": (shapes["found"] < shapes["components"]).sum(),
        "listed": len(listed),
        "none_lower": (listed["lower_neighbours"].fillna(0) == 0).all(),
        "rejected": int(shapes["rejected"].sum()),
        "all_descended": (shapes["rejected"] == shapes["descended"]).all(),
    }


def _open_ends(table: pd.DataFrame) -> int:
    """Return how many end points are at a minimum that is not listed, or not explained."""
    return int(table[["missing_from_the_list", "unexplained"]].sum(axis=None))


def _practice_row(row: pd.Series) -> dict[str, str]:
    starts = int(row["starts"])
    data = "reference" if row["seed"] == 0 else f"random, d = {row['d']}"
    return {
        "widths": f"({row['hidden']})",
        "data": f"{data}, n = {row['n']}",
        "ridge": row["ridge"],
        "starts": f"{starts:,}",
        "at a minimum": percent(int(row["minimum"]), starts),
        "global": percent(int(row["global"]), starts),
        "zero": percent(int(row["zero"]), starts),
        "constant": percent(int(row["constant"]), starts),
        "saddle": percent(int(row["saddle"]), starts),
        "on the way": percent(int(row["not_stationary"]), starts),
        "met": f"{row['found']} of {row['components']}",
    }


def _sweep(sweep: pd.DataFrame) -> dict[str, Any]:
    sweep = sweep.assign(depth=sweep["hidden"].str.count(",") + 1)
    rows = []
    for (depth, ridge), part in sweep.groupby(["depth", "ridge"], sort=False):
        starts = int(part["starts"].sum())
        rows.append(
            {
                "hidden layers": str(depth),
                "ridge": ridge,
                **{
                    f"minima, n = {n}": f"{group['components'].mean():.1f}"
                    for n, group in part.groupby("n")
                },
                "zero": percent(int(part["zero"].sum()), starts),
                "constant": percent(int(part["constant"].sum()), starts),
                "global": percent(int(part["global"].sum()), starts),
            }
        )
    rows.sort(key=lambda row: (row["hidden layers"], parse_ridge(row["ridge"])))
    return {
        **{"instances": len(sweep), "starts": sweep["starts"].iloc[0]},
        **{"open": _open_ends(sweep), "rows": rows},
    }


def _algebraic_row(row: pd.Series) -> dict[str, str]:
    return {
        **_named(row),
        "strata": f"{row['strata']:,}",
        "CPU seconds": f"{float(row['cpu_seconds']):.3g}",
        "the list rests on": BASIS[row["completeness"]],
    }


def _certified_row(row: pd.Series) -> dict[str, str]:
    return {
        **_named(row),
        "strata": f"{row['strata']:,}",
        "minima": str(row["components"]),
        "to find": f"{row['cpu_seconds']:.3g}",
        "to check": f"{row['check_seconds']:.3g}",
        "proved": "yes" if row["complete"] and pd.isna(row["refused"]) else "no",
    }


def _named(row: pd.Series) -> dict[str, str]:
    """Return the first cells of a row: widths and size of an instance."""
    return {"widths": f"({row['hidden']})", "n": str(row["n"]), "d": str(row["d"])}


def _bound_row(row: pd.Series) -> dict[str, str]:
    return {
        "widths": f"({row['hidden']})",
        "n": row["n"],
        "no loss is below": str(Context(6, ROUND_FLOOR).create_decimal(row["lower"])),
        "a network has": str(Context(6, ROUND_CEILING).create_decimal(row["upper"])),
        "gap": f"{100 * float(row['gap']):.2g} %",
        "boxes": f"{int(row['boxes']):,}",
        "CPU seconds": f"{float(row['cpu_seconds']):.2g}",
        "to check": f"{float(row['cpu_seconds_of_the_check']):.2g}",
    }


def _best_row(row: pd.Series) -> dict[str, str]:
    return {
        "widths": f"({row['hidden']})",
        "n": row["n"],
        "ridge": row["ridge"],
        "least loss": str(Context(10, ROUND_HALF_EVEN).create_decimal(row["upper"])),
        "first layer": row["first"] or "dead",
        "second layer": row["second"],
        "boxes": f"{int(row['boxes']):,}",
        "next to it": row["near"],
        "CPU seconds": f"{float(row['cpu_seconds']):.2g}",
        "to check": f"{float(row['cpu_seconds_of_the_check']):.2g}",
    }


def draw(sweep: pd.DataFrame) -> None:
    """Draw the pictures of the page."""
    documents = {name: _document(hidden) for name, hidden in LISTS.items()}
    best = {**documents["deeper"], "components": documents["deeper"]["components"][:4]}
    pictures = {
        "deep_levels": plot_beside(list(documents.values())),
        "deep_fits": plot_fits(documents["chain"]),
        "deep_features": plot_units(best),
        "deep_collapses": plot_collapses(sweep),
    }
    for name, figure in pictures.items():
        save_figure(figure, IMAGES / name, ["svg"])


def _document(hidden: Sequence[int]) -> Mapping[str, Any]:
    """Return the list of the reference with some widths."""
    problem = Problem(*reference_data(), tuple(hidden), parse_ridge("1/100"))
    engine = "groebner" if problem.upper else "certified"
    return enumerate_minima(problem, engine=engine).document


def main() -> None:
    """Write the page and its pictures."""
    runs, minima = tables()
    write_text(ROOT / "docs/deep.md", page(runs, minima))
    draw(runs[runs["part"] == "sweep"])


if __name__ == "__main__":
    main()
