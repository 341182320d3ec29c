"""Write docs/deep.md: networks with several hidden layers, on the reference and in practice.

    make deep

Numbers come from docs/data/deep.csv and deep_minima.csv, which benchmarks/deep.py writes,
deep_certified.csv, by benchmarks/deep_certified.py, and bounds.csv and best.csv, by
benchmarks/bounds.py; what a sentence says is checked before it is written. The pictures are drawn
from lists that are made here, a minute in all.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context
from typing import Any

import pandas as pd

from docs.make.prose import DATA, IMAGES, ROOT, bullets, paragraph, said
from reluenum import Problem, enumerate_minima
from reluenum.datasets.families import reference_data
from reluenum.documents.files import write_text
from reluenum.figures import plot_beside, plot_collapses, plot_fits, plot_units, save_figure
from reluenum.problem import parse_ridge
from reluenum.views.cells import percent, pipe_table, short_number

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
    parts = [
        "# Networks with several hidden layers",
        paragraph(
            "What depth does to the landscape of a small network: every local minimum of the",
            "reference with two and three hidden layers, what optimisers make of it, and what the",
            "lists rest on. The mathematics is in [theory_deep.md](theory_deep.md). `make deep`",
            "writes the page.",
        ),
        "```sh\n"
        "reluenum minima data.csv --hidden 2,1 --ridge 1/100 --output minima.json\n"
        "reluenum descend minima.json --starts 2000 --optimisers adam --output descents.json\n"
        "```",
        *_reference(shapes, listed),
        *_depth(shapes, listed, minima[minima["part"] == "one layer"]),
        *_practice(shapes, listed),
        *_sweep(sweep),
        *_limits(shapes, pd.read_csv(DATA / "deep_certified.csv")),
        *_lower_bounds(pd.read_csv(DATA / "bounds.csv", dtype=str)),
        *_best_networks(pd.read_csv(DATA / "best.csv", dtype=str, keep_default_na=False)),
    ]
    return "\n\n".join(parts) + "\n"


def _reference(shapes: pd.DataFrame, listed: pd.DataFrame) -> list[str]:
    reference = shapes[shapes["seed"] == 0]
    rows = [_shape_row(row, _minima_of(listed, row)) for _, row in reference.iterrows()]
    return [
        "## The reference, deeper",
        paragraph(
            "The first n of the five reference points, with widths from the inputs to the output.",
            "Components are counted up to the order of units inside their layers; one of a higher",
            "dimension is a set of networks that share the square of a unit among several.",
        ),
        _table(rows),
        paragraph(
            "Strata: what is left to solve of the arrays of signs, after",
            "[theory_deep.md](theory_deep.md) has excluded the others. Kinks in all layers: minima",
            "of which every hidden layer has a pre-activation that is exactly 0 at a data point.",
        ),
        _image("deep_levels.svg", "Losses of the minima of four shapes of networks"),
        _image("deep_fits.svg", "What the minima of widths (1, 1) fit, with the kinks of both"),
        _image("deep_features.svg", "What the layers of the best minima of (1, 1, 1) make of x"),
    ]


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


def _depth(shapes: pd.DataFrame, listed: pd.DataFrame, one_layer: pd.DataFrame) -> list[str]:
    wide = short_number(one_layer[one_layer["hidden"] == "2"]["loss"].iloc[0], 6)
    live = listed[listed["collapse"] == ""]
    kinked = live[live["kinks"] != ""]
    several = live[live["kinks"].map(_layers) > 1]
    chain = _instance(shapes, "1, 1", 5, "1/100")
    deeper = _instance(shapes, "1, 1, 1", 5, "1/100")
    best = {name: _best(listed, row) for name, row in (("chain", chain), ("deeper", deeper))}
    passes = [(row["hidden"], row["pass"]) for row in (chain, deeper)]
    lowest = ", ".join(f"{_power(height)} for ({hidden})" for hidden, height in passes)
    return [
        "## What depth changes",
        bullets(
            [
                said(
                    "The zero network is a strict local minimum on all five points at every ridge, "
                    "because their responses add up to 0: with a hidden bias below a hidden unit "
                    "the loss falls at order two if |sum of y| is larger than the ridge, and grows "
                    "if it is not. With one hidden layer it would be a saddle at these ridges.",
                    _zero_is_listed(listed),
                ),
                f"The way out is shallow and narrow: the lowest saddle above the zero network is "
                f"higher by only {lowest}.",
                "So stationary points, and minima, can have a larger loss than |y|², which one "
                "hidden layer excludes.",
                f"Minima sit on kinks: of {len(live)} minima that are not constant {len(kinked)} "
                f"have a unit that is exactly 0 at a data point, {len(several)} of them in more "
                "than one layer.",
                said(
                    f"A further layer of one unit does not help: the best loss of (1, 1) on five "
                    f"points is {best['chain']}, that of (1, 1, 1) {best['deeper']}. Its best "
                    "minima fit nearly the same function, passed through the layers in different "
                    "ways (the picture of features).",
                    float(best["chain"]) < float(best["deeper"]),
                ),
                said(
                    f"Width does: one layer of two units, with fewer parameters than (1, 1, 1), "
                    f"reaches {wide}.",
                    float(wide) < float(best["deeper"]),
                ),
                "Where the responses do not add up to 0, the trap is a constant network instead: "
                "the lowest layers are dead, and biases alone fit a constant.",
            ]
        ),
    ]


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


def _practice(shapes: pd.DataFrame, listed: pd.DataFrame) -> list[str]:
    total = int(shapes["starts"].sum())
    open_ends = int(shapes[["missing_from_the_list", "unexplained"]].sum(axis=None))
    lacking = shapes[shapes["found"] < shapes["components"]]
    lower = listed["lower_neighbours"].fillna(0)
    met = (
        "Every listed component was met by some run."
        if lacking.empty
        else f"On {len(lacking)} of {len(shapes)} instances some component was met by no run."
    )
    return [
        "## Where runs end",
        paragraph(
            "Adam from random starts, 10,000 steps each. An end point is not taken for what it is",
            "near to but continued: kinks are snapped, dead units removed, and Newton's method",
            "finds the stationary point of the stratum; what is not on the list is trained again,",
            "up to six times and twice as long each time, and what then rests elsewhere is solved",
            "exactly and judged.",
        ),
        pipe_table([_practice_row(row) for _, row in shapes.iterrows()]),
        paragraph(
            "Zero, constant: shares of runs that rest at the zero network or at a constant one.",
            "On the way: proved to lie above the minimum to which training on leads. Met: listed",
            "components at which some run ended.",
        ),
        bullets(
            [
                said(
                    f"Of {total:,} end points none is a local minimum that the lists lack, and "
                    "every one is explained.",
                    open_ends == 0,
                ),
                met,
                said(
                    f"Each of the {len(listed)} listed minima survives 10,000 random "
                    "perturbations between a millionth and a thousandth of the size of a weight; "
                    "where differences of losses are too small for extended precision they are "
                    "taken between exact numbers.",
                    bool((lower == 0).all()),
                ),
                said(
                    f"Each of the {int(shapes['rejected'].sum())} stationary points that are no "
                    "minima has a network with rational weights next to it whose loss, evaluated "
                    "exactly, is smaller.",
                    bool((shapes["rejected"] == shapes["descended"]).all()),
                ),
            ]
        ),
    ]


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


def _sweep(sweep: pd.DataFrame) -> list[str]:
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
    open_ends = int(sweep[["missing_from_the_list", "unexplained"]].sum(axis=None))
    return [
        "## Against depth, size and ridge",
        paragraph(
            f"Chains of one unit a layer on the reference and on random data, {len(sweep)}",
            f"instances with {sweep['starts'].iloc[0]} runs of Adam each, of 4,000 steps; means",
            "over the data.",
            said("Every end point is explained.", open_ends == 0),
        ),
        _table(rows),
        _image("deep_collapses.svg", "Minima, and runs that collapse, against ridge and depth"),
    ]


def _limits(shapes: pd.DataFrame, certified: pd.DataFrame) -> list[str]:
    algebraic = shapes[(shapes["ridge"] == "1/100") & (shapes["completeness"] != "proved")]
    return [
        "## Limits, and what a list rests on",
        paragraph(
            "Every listed minimum is a proved point with a proof of minimality, whatever the",
            "engine; what differs is the proof that none is missing. `completeness` in the",
            "document says which it is: `proved` (convexity excludes the rest, and",
            "`reluenum verify` checks the records), `exact basis` (each system by a Groebner basis",
            "over the rational numbers), `engine` (some by a program that works modulo primes). A",
            "stratum that stays open is listed with its reason, the list then claims no",
            "completeness, and the exit code is 3.",
        ),
        "By Groebner bases, for any widths:",
        _table(
            {
                **_named(row),
                "strata": f"{row['strata']:,}",
                "CPU seconds": f"{float(row['cpu_seconds']):.3g}",
                "the list rests on": BASIS[row["completeness"]],
            }
            for _, row in algebraic.iterrows()
        ),
        paragraph(
            "By `--engine certified`, for widths (L, 1), (L, 1, 1) and (1, L), on the reference,",
            "ridge 1/100 (beyond five points random ones follow): CPU seconds to find a list and",
            "to check it, of all processes. `reluenum minima` does both, as a list is called",
            "complete once the checker proves it, and `reluenum verify` the latter.",
        ),
        _table(
            {
                **_named(row),
                "strata": f"{row['strata']:,}",
                "minima": str(row["components"]),
                "to find": f"{row['cpu_seconds']:.3g}",
                "to check": f"{row['check_seconds']:.3g}",
                "proved": "yes" if row["complete"] and pd.isna(row["refused"]) else "no",
            }
            for _, row in certified.iterrows()
        ),
    ]


def _named(row: pd.Series) -> dict[str, str]:
    """Return the first cells of a row: widths and size of an instance."""
    return {"widths": f"({row['hidden']})", "n": str(row["n"]), "d": str(row["d"])}


def _table(rows: Iterable[Mapping[str, str]]) -> str:
    return pipe_table([*rows])


def _lower_bounds(bounds: pd.DataFrame) -> list[str]:
    rows = [
        {
            "widths": f"({row['hidden']})",
            "n": row["n"],
            "no loss is below": str(Context(6, ROUND_FLOOR).create_decimal(row["lower"])),
            "a network has": str(Context(6, ROUND_CEILING).create_decimal(row["upper"])),
            "gap": f"{100 * float(row['gap']):.2g} %",
            "boxes": f"{int(row['boxes']):,}",
            "CPU seconds": f"{float(row['cpu_seconds']):.2g}",
            "to check": f"{float(row['cpu_seconds_of_the_check']):.2g}",
        }
        for _, row in bounds.iterrows()
    ]
    return [
        "## How low the loss can be",
        paragraph(
            "Where no list is complete, or two layers are wider than lists can be: a certified",
            "lower bound of the loss of *all* networks with two hidden layers. For given vectors",
            "of the first layer the rest is convex, and a dual point bounds the loss from below",
            "(Theorem D11); one that moves with these vectors does so for a box of them, up to",
            "second order in its size (Lemma D40). Boxes that tile what first layers of a best",
            "network can be (Lemma D41) are cut where the bound is lowest, until it is near the",
            "loss of a network that is known: the best one of a list, or one that random starts",
            "find.",
        ),
        "```sh\n"
        "reluenum bound data.csv --hidden 2,2 --ridge 1/100 --gap 1/5 --output bound.json\n"
        "reluenum bound data.csv --hidden 2,1 --ridge 1/100 --minima minima.json\n"
        "reluenum verify bound.json\n"
        "```",
        paragraph(
            "The reference again, ridge 1/100. A gap of 1/1000 or 1/100 was asked for, with at",
            "most 5,000 boxes, or 10,000 on five points.",
        ),
        _table(rows),
        bullets(
            [
                "So the best minimum of a list is global up to the gap, with proof, whether or not "
                "the list is complete. Near a minimum the bound stays below it by a little: that "
                "it is global exactly takes the argument of the next section.",
                "The bound of a point holds for any number of units of the second layer. Where "
                "fewer are allowed than the best network would have, boxes are also cut by "
                "questions about the signs of these units; `any_upper_width` says that no such "
                "question was asked.",
                "The work grows with the power (d + 1) L of the first layer, whatever the second: "
                "two parameters are quick, four give a coarse bound. At most 10 distinct inputs. "
                "A gap that is not reached is told, the document written, and the exit code 3.",
                "`reluenum verify` proves both bounds with code of its own, in ball arithmetic; "
                "[certificate.md](certificate.md#bounds-with-two-hidden-layers) describes the "
                "document.",
            ]
        ),
    ]


def _best_networks(best: pd.DataFrame) -> list[str]:
    rows = [
        {
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
        for _, row in best[best["proved"] == "True"].iterrows()
    ]
    return [
        "## Which network is best",
        paragraph(
            "With `--global` the boxes are cut until no other network can be as good, up to",
            "symmetries. Away from the best network bounds above its loss exclude a box. Next to",
            "it they cannot; there the dual point of a box tells the signs, kinks and residuals of",
            "networks that are as good (Lemmas D66 to D68), which makes them critical points of a",
            "polynomial, and Newton's method in balls shows that it has one there (Lemma D69).",
            "The document names the signs of the network and its weights, and `reluenum verify`",
            "proves that too. No list of minima is needed.",
        ),
        "```sh\n"
        "reluenum bound data.csv --hidden 1,2 --ridge 1/10 --global --output best.json\n"
        "reluenum verify best.json\n"
        "```",
        paragraph("The reference again; signs are at the data points in order, units apart."),
        _table(rows),
        bullets(
            [
                "Where the first layer is dead, a constant is the best function of its width. The "
                "zero network is proved to be best in the same way where it is.",
                "It ends where something is not strict: a gain that is exactly the ridge, a "
                "multiplier that is 0, kinks of both layers at one input where others are 0 as "
                "well, or units of the first layer with the same signs that can turn into each "
                "other. Then, or when the boxes do not suffice, the document has the bound alone, "
                "and the exit code is 3.",
                "Two units of the first layer are four parameters: at a ridge of 1 that is quick, "
                "at 1/10 two points took longer than we waited.",
            ]
        ),
    ]


def _image(name: str, words: str) -> str:
    return f"![{words}](images/{name})"


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
