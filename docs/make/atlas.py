"""Write docs/atlas.md: what the atlas holds, and five questions that it answers, with figures.

    ./run -- python -m docs.make.atlas

The text is docs/templates/measured/atlas.md.j2. Numbers are computed from the tables of the
package, which docs/make/atlas_tables.py builds, and a sentence that they contradict is an error.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import starmap
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from docs.make.atlas_tables import COMPUTED, SWEEPS
from docs.make.prose import IMAGES, ROOT, measured
from reluenum import Atlas, atlas
from reluenum.datasets.atlas import TABLES, Column
from reluenum.documents.files import write_text
from reluenum.figures import save_figure
from reluenum.figures.style import drawing, percent_axis, side_by_side
from reluenum.figures.sweeps.panels import look, ridge_axis, width_legend
from reluenum.views.cells import percent

SMALL, LARGE = 0.01, 0.1
"""Shares of the gap between worst and best minimum: a trap is shallow up to the first, and no small
pass leaves one that is deeper than the second."""


def growing(found: Atlas) -> tuple[str, pd.DataFrame]:
    """Return the sweep that has random data on a line of the largest n, and these rows."""
    rows = found.instances[found.instances["data"] == "random"]
    wanted = rows[rows["sweep"].isin(["sweep_paper", "sweep_small"])]
    sweep = max(sorted(wanted.groupby("sweep")["n"].max().items()), key=lambda pair: pair[1])[0]
    return sweep, rows[rows["sweep"] == sweep]


def traps(found: Atlas) -> pd.DataFrame:
    """Return the traps of the small sweep: basins not of least loss, with depth by gap."""
    rows = found.components.merge(
        found.instances[["instance", "sweep", "width", "n", "best_loss", "worst_loss"]],
        on="instance",
    )
    rows = rows[(rows["sweep"] == "sweep_small") & rows["basin"].fillna(False)]
    rows = rows[np.isfinite(rows["depth"])]
    gap = rows["worst_loss"] - rows["best_loss"]
    return rows.assign(share=rows["depth"] / gap, excess=(rows["loss"] - rows["best_loss"]) / gap)


COMMON = ("1/100", "1/10", "1")
"""Ridges that the small sweep and `practice` share."""


def with_radii(found: Atlas) -> pd.DataFrame:
    """Return the minima of random data on a line whose radii are known, at the common ridges."""
    columns = ["instance", "sweep", "data", "seed", "n", "d", "width", "ridge", "list_radius"]
    rows = found.components.merge(found.instances[columns], on="instance")
    wanted = rows["sweep"].isin(["sweep_small", "practice"]) & (rows["data"] == "random")
    wanted &= (rows["d"] == 1) & rows["ridge"].isin(COMMON)
    return rows[wanted & rows["radius"].notna()]


def sets(found: Atlas) -> pd.DataFrame:
    """Return the components of the sweep that `growing` is about, with n, width and best loss."""
    _, rows = growing(found)
    columns = ["instance", "n", "width", "best_loss", "worst_loss"]
    return found.components.merge(rows[columns], on="instance")


@drawing(lambda _: "")
def plot_growth(rows: pd.DataFrame) -> tuple[Figure, str]:
    """Draw the mean number of components against n, the width and the ridge."""
    figure, (left, middle, right) = side_by_side(2.6, 3, sharey=True)
    widths, low = sorted(rows["width"].unique()), rows["ridge_decimal"].min()
    smallest = rows[rows["ridge_decimal"] == low]
    _lines(left, smallest, "n", widths)
    sizes = sorted(rows["n"].unique())
    left.set(xlabel="n", ylabel="components", yscale="log", title="at the smallest ridge")
    left.set_xticks(sizes)
    for n in (sizes[0], sizes[-1]):
        means = smallest[smallest["n"] == n].groupby("width")["components"].mean()
        style = {"ls": "-" if n == sizes[-1] else "--", "marker": "o", "ms": 3.2, "color": "black"}
        middle.plot(means.index, means.astype(float), **style, label=f"n = {n}")
    middle.set(xlabel="width L", xticks=widths, title="at the smallest ridge")
    middle.legend()
    _lines(right, rows[rows["n"] == sizes[-1]], "ridge_decimal", widths)
    ridge_axis(right, sorted(rows["ridge_decimal"].unique()))
    right.set(xlabel="ridge", title=f"n = {sizes[-1]}")
    width_legend(figure, widths)
    return figure, ""


def _lines(
    axes: Axes, rows: pd.DataFrame, by: str, widths: Sequence[int], column: str = "components"
) -> None:
    """Draw the mean of a column by another one, a line for each width."""
    for width in widths:
        means = rows[rows["width"] == width].groupby(by)[column].mean()
        axes.plot(means.index.astype(float), means.astype(float), **look(widths, width))


@drawing(lambda _: "")
def plot_best_on_boundary(rows: pd.DataFrame) -> tuple[Figure, str]:
    """Draw how often the best minimum is on a boundary, against n and against the ridge."""
    figure, (left, right) = side_by_side(2.4, sharey=True)
    widths = sorted(rows["width"].unique())
    known = rows.assign(best=rows["best_on_boundary"].astype(float))
    _lines(left, known, "n", widths, "best")
    left.set(xlabel="n", ylabel="best minimum on a boundary", ylim=(-0.02, 1.02))
    left.set_xticks(sorted(rows["n"].unique()))
    _lines(right, known, "ridge_decimal", widths, "best")
    ridge_axis(right, sorted(rows["ridge_decimal"].unique()))
    right.set(xlabel="ridge")
    percent_axis(left.yaxis)
    width_legend(figure, widths)
    return figure, ""


@drawing(lambda _: "")
def plot_depths_and_gaps(found: pd.DataFrame) -> tuple[Figure, str]:
    """Draw the depth of every trap against its loss, both as shares of the gap."""
    figure, (left, right) = side_by_side(2.8)
    widths = sorted(found["width"].unique())
    for width in widths:
        rows = found[found["width"] == width]
        style = look(widths, width)
        left.plot(rows["excess"], rows["share"], **style | {"linestyle": "none", "alpha": 0.8})
        shares = np.sort(rows["share"])
        heights = np.arange(1, len(shares) + 1) / len(shares)
        right.step(shares, heights, where="post", color=style["color"], ls=style["linestyle"])
    left.set(yscale="log", xlabel="(loss - best) / gap", ylabel="depth / gap")
    right.set(xscale="log", xlabel="depth / gap", ylabel="traps at most so deep")
    percent_axis(right.yaxis)
    width_legend(figure, widths)
    return figure, ""


@drawing(lambda _: "")
def plot_radii_by_size(rows: pd.DataFrame) -> tuple[Figure, str]:
    """Draw the median radius of the minima, and of the lists, against n."""
    figure, (left, right) = side_by_side(2.6)
    widths = sorted(rows["width"].unique())
    lists = rows.drop_duplicates("instance")
    for axes, table, column in ((left, rows, "radius"), (right, lists, "list_radius")):
        for width in widths:
            values = table[table["width"] == width].replace({column: np.inf}, np.nan)
            medians = values.groupby("n")[column].median()
            axes.plot(medians.index.astype(float), medians.astype(float), **look(widths, width))
        axes.set(yscale="log", xlabel="n", xticks=sorted(rows["n"].unique()))
    left.set(ylabel="median radius of a minimum")
    right.set(ylabel="median radius of a list")
    width_legend(figure, widths)
    return figure, ""


@drawing(lambda _: "")
def plot_dimensions(rows: pd.DataFrame) -> tuple[Figure, str]:
    """Draw the dimensions of the components, and where their losses are, by width."""
    figure, (left, right) = side_by_side(2.6)
    widths = sorted(rows["width"].unique())
    dimensions = sorted(rows["dimension"].unique())
    for width in widths:
        table = rows[rows["width"] == width]
        shares = table["dimension"].value_counts(normalize=True).reindex(dimensions).dropna()
        left.plot(shares.index.astype(float), shares.astype(float), **look(widths, width))
        gap = (table["worst_loss"] - table["best_loss"]).where(lambda size: size > 0)
        place = (table["loss"] - table["best_loss"]) / gap
        medians = place.groupby(table["dimension"]).median().dropna()
        right.plot(medians.index.astype(float), medians.astype(float), **look(widths, width))
    left.set(xlabel="dimension", ylabel="share of the components", xticks=dimensions)
    percent_axis(left.yaxis)
    right.set(xlabel="dimension", ylabel="median of (loss - best) / gap", xticks=dimensions)
    width_legend(figure, widths)
    return figure, ""


FIGURES: Mapping[str, tuple[Callable[[Atlas], Figure], str]] = {
    "growth": (
        lambda found: plot_growth(growing(found)[1]),
        "Mean number of components against n, the width and the ridge",
    ),
    "boundary": (
        lambda found: plot_best_on_boundary(growing(found)[1]),
        "Share of the landscapes whose best minimum is on a boundary, against n and the ridge",
    ),
    "traps": (
        lambda found: plot_depths_and_gaps(traps(found)),
        "Depth of each trap against its loss, and the share of traps at most so deep",
    ),
    "radii": (
        lambda found: plot_radii_by_size(with_radii(found)),
        "Median radius of a minimum and of a list against n",
    ),
    "dimensions": (
        lambda found: plot_dimensions(sets(found)),
        "Share of the components by dimension, and where their losses are",
    ),
}
"""The figures of the page by name, with what they say to those who do not see them."""


def page(found: Atlas) -> str:
    """Return the page."""
    values = {
        "instances": found.instances,
        "components": found.components,
        "checked": int(found.instances["checked"].fillna(False).sum()),
        "growth": _growth(found),
        "boundary": _boundary(found),
        "traps": _traps(found),
        "radii": _radii(found),
        "sets": _sets(found),
        **_contents(found.instances, found.components),
        "schema": {name: list(starmap(_schema_row, t.items())) for name, t in TABLES.items()},
    }
    return measured("atlas", values, image=_image, percents=_percents)


def _image(name: str) -> str:
    return f"![{FIGURES[name][1]}](images/atlas_{name}.svg)"


def _percents(shares: pd.Series) -> pd.Series:
    return shares.map(lambda share: percent(share, 1))


def _growth(found: Atlas) -> dict[str, Any]:
    sweep, rows = growing(found)
    means = rows.groupby(["width", "n", "ridge_decimal"])["components"].mean()
    by_ridge = means.unstack("ridge_decimal")
    low, high = by_ridge.columns.min(), by_ridge.columns.max()
    table = by_ridge[low].unstack("n")
    (first, last), (narrowest, widest) = table.columns[[0, -1]], table.index[[0, -1]]
    factors = table[last] / table[first]
    return {
        **{"sweep": sweep, "first": first, "last": last, "factors": factors},
        "with_n": (factors > 1).all(),
        **{"narrowest": narrowest, "narrow": table.loc[narrowest, last]},
        **{"widest": widest, "wide": table.loc[widest, last]},
        "with_width": (table.diff().iloc[1:] > 0).all(axis=None),
        "at_largest_ridge": by_ridge[high].max(),
        "with_ridge": (by_ridge[high] < by_ridge[low]).all(),
    }


def _boundary(found: Atlas) -> dict[str, Any]:
    _, rows = growing(found)
    best = rows["best_on_boundary"].astype(float)
    shares = best.groupby(rows["width"]).mean()
    narrow = best[rows["width"] == shares.index[0]].groupby(rows["n"]).mean()
    return {"shares": shares, "first": narrow.iloc[0], "last": narrow.iloc[-1]}


def _traps(found: Atlas) -> dict[str, Any]:
    rows = traps(found)
    deep, shallow = rows["share"] > LARGE, rows["share"] <= SMALL
    return {
        **{"count": len(rows), "small": SMALL, "large": LARGE},
        **{"deep": deep.sum(), "shallow": shallow.sum()},
        "by_depth": deep.groupby(rows["width"]).mean(),
        "by_shallowness": shallow.groupby(rows["width"]).mean(),
        "deepest": rows.loc[rows["share"].idxmax()],
        "near": rows[rows["excess"] <= 0.1]["share"].median(),
        "far": rows[rows["excess"] > 0.5]["share"].median(),
    }


def _radii(found: Atlas) -> dict[str, Any]:
    rows = with_radii(found)
    lists = rows.drop_duplicates("instance")
    medians = rows.groupby("n")["radius"].median()
    first, last = medians.index[0], medians.index[-1]
    by_width = lists.groupby(["width", "n"])["list_radius"].median().unstack("n")
    return {
        **{"ridges": COMMON, "medians": medians, "first": first, "last": last},
        "seeds": rows.groupby("n")["seed"].nunique(),
        "listed": lists.groupby("n")["list_radius"].median(),
        "falls": by_width[last] / by_width[first],
    }


def _sets(found: Atlas) -> dict[str, Any]:
    rows = sets(found)
    known = found.components[found.components["basin"].notna() & ~found.components["isolated"]]
    best = rows[rows["global_at_width"]].groupby(["instance", "width"])["isolated"].all()
    gap = rows["worst_loss"] - rows["best_loss"]
    place = (rows["loss"] - rows["best_loss"]) / gap.where(gap > 0)
    widest = rows["width"] == rows["width"].max()
    return {
        "connected": (~rows["isolated"]).astype(float).groupby(rows["width"]).mean(),
        "known": len(known),
        "basins": known[known["basin"].astype(bool)],
        "places": place[widest].groupby(rows["dimension"]).median(),
        "best": (~best.astype(bool)).astype(float).groupby("width").mean(),
    }


PLANNED = {"sweep_paper": 8320}
"""Instances of sweeps of which a part may be here."""


def _contents(instances: pd.DataFrame, components: pd.DataFrame) -> dict[str, Any]:
    """Return what the tables hold, and what they lack."""
    by_sweep = {sweep: instances[instances["sweep"] == sweep] for sweep in SWEEPS}
    held = {sweep: rows for sweep, rows in by_sweep.items() if len(rows)}
    states = pd.concat([instances["basins_state"], instances["radii_state"]])
    return {
        "contents": [
            {
                "sweep": sweep,
                "n": _span(own["n"]),
                "L": _span(own["width"]),
                "landscapes": f"{len(own):,}",
                "components": f"{components['instance'].isin(own['instance']).sum():,}",
                "checked": f"{int(own['checked'].fillna(False).sum()):,}",
                "with basins": f"{(own['basins_state'] == COMPUTED).sum():,}",
                "with radii": f"{(own['radii_state'] == COMPUTED).sum():,}",
            }
            for sweep, own in held.items()
        ],
        "missing": [sweep for sweep in SWEEPS if sweep not in held],
        "partial": {
            sweep: held[sweep]["n"].max()
            for sweep, most in PLANNED.items()
            if sweep in held and len(held[sweep]) < most
        },
        "reasons": sorted({*states} - {COMPUTED}),
    }


def _span(values: pd.Series) -> str:
    low, high = values.min(), values.max()
    return f"{low}" if low == high else f"{low} to {high}"


def _schema_row(key: str, column: Column) -> dict[str, str]:
    named = {"type": column.kind, "unit": column.unit, "meaning": column.meaning}
    return {"column": f"`{key}`", **named}


def main() -> None:
    """Write the page and its figures."""
    found = atlas()
    for name, (draw, _) in FIGURES.items():
        save_figure(draw(found), IMAGES / f"atlas_{name}", ("svg",))
    write_text(ROOT / "docs/atlas.md", page(found))


if __name__ == "__main__":
    main()
