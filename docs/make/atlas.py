"""Write docs/atlas.md: what the atlas holds, and five questions that it answers, with figures.

    ./run -- python -m docs.make.atlas

It reads the tables of the package, which docs/make/atlas_tables.py builds. Numbers are computed
from them, and a sentence that they contradict is an error.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from tabulate import tabulate

from docs.make.atlas_tables import COMPUTED, SWEEPS
from docs.make.prose import bullets, paragraph, said
from reluenum import Atlas, atlas
from reluenum.datasets.atlas import TABLES, Column
from reluenum.documents.files import write_text
from reluenum.figures import save_figure
from reluenum.figures.style import DOUBLE_COLUMN, drawing
from reluenum.figures.sweeps.panels import look, ridge_axis, width_legend
from reluenum.views.cells import percent

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs/images"

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
    figure = Figure(figsize=(DOUBLE_COLUMN, 2.6), layout="constrained")
    left, middle, right = figure.subplots(1, 3, sharey=True)
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
    for axes in (left, middle, right):
        axes.grid(True)
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
    figure = Figure(figsize=(DOUBLE_COLUMN, 2.4), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    widths = sorted(rows["width"].unique())
    known = rows.assign(best=rows["best_on_boundary"].astype(float))
    _lines(left, known, "n", widths, "best")
    left.set(xlabel="n", ylabel="best minimum on a boundary", ylim=(-0.02, 1.02))
    left.set_xticks(sorted(rows["n"].unique()))
    _lines(right, known, "ridge_decimal", widths, "best")
    ridge_axis(right, sorted(rows["ridge_decimal"].unique()))
    right.set(xlabel="ridge")
    left.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    for axes in (left, right):
        axes.grid(True)
    width_legend(figure, widths)
    return figure, ""


@drawing(lambda _: "")
def plot_depths_and_gaps(found: pd.DataFrame) -> tuple[Figure, str]:
    """Draw the depth of every trap against its loss, both as shares of the gap."""
    figure = Figure(figsize=(DOUBLE_COLUMN, 2.8), layout="constrained")
    left, right = figure.subplots(1, 2)
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
    right.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    for axes in (left, right):
        axes.grid(True)
    width_legend(figure, widths)
    return figure, ""


@drawing(lambda _: "")
def plot_radii_by_size(rows: pd.DataFrame) -> tuple[Figure, str]:
    """Draw the median radius of the minima, and of the lists, against n."""
    figure = Figure(figsize=(DOUBLE_COLUMN, 2.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    widths = sorted(rows["width"].unique())
    lists = rows.drop_duplicates("instance")
    for axes, table, column in ((left, rows, "radius"), (right, lists, "list_radius")):
        for width in widths:
            values = table[table["width"] == width].replace({column: np.inf}, np.nan)
            medians = values.groupby("n")[column].median()
            axes.plot(medians.index.astype(float), medians.astype(float), **look(widths, width))
        axes.set(yscale="log", xlabel="n", xticks=sorted(rows["n"].unique()))
        axes.grid(True)
    left.set(ylabel="median radius of a minimum")
    right.set(ylabel="median radius of a list")
    width_legend(figure, widths)
    return figure, ""


@drawing(lambda _: "")
def plot_dimensions(rows: pd.DataFrame) -> tuple[Figure, str]:
    """Draw the dimensions of the components, and where their losses are, by width."""
    figure = Figure(figsize=(DOUBLE_COLUMN, 2.6), layout="constrained")
    left, right = figure.subplots(1, 2)
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
    left.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    right.set(xlabel="dimension", ylabel="median of (loss - best) / gap", xticks=dimensions)
    for axes in (left, right):
        axes.grid(True)
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
    parts = [
        *_opening(found),
        *_growth(found),
        *_boundary(found),
        *_traps(found),
        *_radii(found),
        *_sets(found),
        *_contents(found),
        *_schema(),
        REBUILD,
    ]
    return "\n\n".join(parts) + "\n"


LOAD = """```python
>>> from reluenum import atlas
>>> found = atlas()
>>> found.instances.groupby("sweep")["components"].sum()["reference"]
np.int64(6)
>>> found.of("reference/reference-L2-ridge1_100")[["loss", "dimension", "basin", "depth"]].round(3)
    loss  dimension  basin  depth
0  0.708          0   True    inf
1  1.325          0   True  1.639
2  1.954          0   True  0.322
3  2.276          1  False  0.000
4  2.965          1  False  0.000
5  3.106          1  False  0.000
>>> found.problem("reference/reference-L2-ridge1_100")
Problem(n=5, d=1, width=2, ridge=1/100, loss=sum, output_bias=none)

```

Any program that reads Parquet can: the files are
[atlas_instances.parquet](../reluenum/datasets/atlas_instances.parquet) and
[atlas_components.parquet](../reluenum/datasets/atlas_components.parquet), and each field has its
unit and meaning among its metadata. Lists are lists there, so that no text has to be parsed."""


def _opening(found: Atlas) -> list[str]:
    rows = found.instances
    checked = int(rows["checked"].fillna(False).sum())
    return [
        "# The atlas: complete landscapes to load",
        paragraph(
            f"{len(rows):,} problems with *all* of their local minima, {len(found.components):,}",
            "components: data as exact fractions, losses with an enclosing interval, faces,",
            "signs, a representative network, flags; where they were computed, basins, depths",
            "and radii.",
            said("Every list is complete.", bool(rows["complete"].all())),
            f"Of {checked:,} lists the certificate was checked by the independent checker in the",
            "same run.",
        ),
        LOAD,
        paragraph(
            "`make atlas` writes this page. Its numbers are read from the tables, and a sentence",
            "that they contradict is an error.",
        ),
    ]


def _growth(found: Atlas) -> list[str]:
    sweep, rows = growing(found)
    low, high = rows["ridge_decimal"].min(), rows["ridge_decimal"].max()
    means = rows.groupby(["width", "n", "ridge_decimal"])["components"].mean()
    table = means.xs(low, level="ridge_decimal").unstack("n")
    (first, last), widest = (table.columns[0], table.columns[-1]), table.index[-1]
    by_ridge = means.unstack("ridge_decimal")
    factors = table[last] / table[first]
    return [
        "## 1. How does the number of minima grow with n, the width and the ridge?",
        paragraph(f"The landscapes of `{sweep}` with random data, n = {first} to {last}."),
        _image("growth"),
        bullets(
            [
                said(
                    f"With n: at the smallest ridge, from n = {first} to {last}, the mean number "
                    f"of "
                    + "components grows "
                    + ", ".join(f"{factors[w]:.1f}-fold for L = {w}" for w in table.index)
                    + ".",
                    bool((factors > 1).all()),
                ),
                said(
                    f"With the width: for n = {last} from {table[last].iloc[0]:.1f} for L = "
                    f"{table.index[0]} to {table[last].iloc[-1]:.1f} for L = {widest}, and for "
                    f"every "
                    "n each further unit adds some.",
                    bool((table.diff().iloc[1:] > 0).all(axis=None)),
                ),
                said(
                    f"With the ridge it falls: at the largest one the mean is at most "
                    f"{by_ridge[high].max():.1f}, for every n and L less than at the smallest.",
                    bool((by_ridge[high] < by_ridge[low]).all()),
                ),
            ]
        ),
    ]


def _boundary(found: Atlas) -> list[str]:
    _, rows = growing(found)
    shares = rows["best_on_boundary"].astype(float).groupby(rows["width"]).mean()
    by_size = rows["best_on_boundary"].astype(float).groupby([rows["width"], rows["n"]]).mean()
    first, last = rows["n"].min(), rows["n"].max()
    narrow = by_size[shares.index[0]]
    return [
        "## 2. How often is the best minimum on a boundary?",
        paragraph(
            "On a boundary some hidden unit is exactly 0 at a data point, and the loss has no",
            "second derivative. The zero network is counted as on one, as in the tables.",
        ),
        _image("boundary"),
        bullets(
            [
                said(
                    "The wider the network, the more often: "
                    + ", ".join(f"{percent(shares[w], 1)} with L = {w}" for w in shares.index)
                    + ".",
                    shares.is_monotonic_increasing,
                ),
                f"For L = {shares.index[0]} it is {percent(narrow[first], 1)} at n = {first} and "
                f"{percent(narrow[last], 1)} at n = {last}.",
            ]
        ),
    ]


def _traps(found: Atlas) -> list[str]:
    rows = traps(found)
    shallow = (rows["share"] <= SMALL).groupby(rows["width"]).mean()
    deep = (rows["share"] > LARGE).groupby(rows["width"]).mean()
    worst = rows.loc[rows["share"].idxmax()]
    near, far = rows[rows["excess"] <= 0.1], rows[rows["excess"] > 0.5]
    return [
        "## 3. How many minima are traps that no small pass leaves?",
        paragraph(
            "A trap is a basin that is not of least loss, its depth the rise that the lowest way",
            "out needs ([docs/basins.md](basins.md)), the gap the difference between worst and",
            f"best minimum of its landscape. The small sweep has {len(rows):,} traps.",
        ),
        _image("traps"),
        bullets(
            [
                f"{percent((rows['share'] > LARGE).sum(), len(rows))} of the traps are deeper than "
                f"{percent(LARGE, 1)} of the gap, "
                f"{percent((rows['share'] <= SMALL).sum(), len(rows))} are not deeper than "
                f"{percent(SMALL, 1)} of it.",
                said(
                    "The wider the network, the fewer are deep: "
                    + ", ".join(f"{percent(deep[w], 1)} with L = {w}" for w in deep.index)
                    + "; and the more are shallow: "
                    + ", ".join(f"{percent(shallow[w], 1)} with L = {w}" for w in shallow.index)
                    + ".",
                    deep.is_monotonic_decreasing and shallow.is_monotonic_increasing,
                ),
                f"The deepest one is {worst['share']:,.3g} times as deep as the gap is wide "
                f"(`{worst['instance']}`).",
                f"Depth is not told by the loss: the median trap with a loss within a tenth of "
                f"the gap "
                f"from the best is {percent(near['share'].median(), 1)} of the gap deep, the "
                f"median "
                f"one in the upper half {percent(far['share'].median(), 1)}.",
            ]
        ),
    ]


def _radii(found: Atlas) -> list[str]:
    rows = with_radii(found)
    lists = rows.drop_duplicates("instance")
    medians = rows.groupby("n")["radius"].median()
    listed = lists.groupby("n")["list_radius"].median()
    by_width = lists.groupby(["width", "n"])["list_radius"].median().unstack("n")
    wide, (first, last) = by_width.index[-1], (medians.index[0], medians.index[-1])
    seeds = rows.groupby("n")["seed"].nunique()
    return [
        "## 4. How does the stability radius fall with n?",
        paragraph(
            "While the targets move by less than its radius, a minimum stays on its faces, and",
            "within that of the list nothing appears or vanishes",
            "([docs/stability.md](stability.md)). Random data on a line at the ridges",
            f"{', '.join(COMMON)}: {seeds[first]} data sets for each n of the small sweep,",
            f"{seeds[last]} with n = {last} of `practice`.",
        ),
        _image("radii"),
        bullets(
            [
                said(
                    "That of a minimum hardly does: the median is "
                    + ", ".join(f"{medians[n]:.2g} for n = {n}" for n in medians.index)
                    + ".",
                    bool(medians.max() < 2 * medians.min()),
                ),
                said(
                    "That of a list does: "
                    + ", ".join(f"{listed[n]:.2g}" for n in listed.index)
                    + ". The more supports there are, the nearer one of them is to a minimum.",
                    listed.is_monotonic_decreasing,
                ),
                said(
                    f"The wider the network, the faster: from n = {first} to {last} it falls to "
                    + ", ".join(
                        f"{percent(by_width.loc[w, last] / by_width.loc[w, first], 1)} with L = {w}"
                        for w in by_width.index
                    )
                    + ".",
                    (by_width[last] / by_width[first]).is_monotonic_decreasing and wide > 1,
                ),
            ]
        ),
    ]


def _sets(found: Atlas) -> list[str]:
    rows = sets(found)
    connected = (~rows["isolated"]).astype(float).groupby(rows["width"]).mean()
    known = found.components[found.components["basin"].notna() & ~found.components["isolated"]]
    basins = known[known["basin"].astype(bool)]
    best = rows[rows["global_at_width"]].groupby(["instance", "width"])["isolated"].all()
    sets_best = (~best.astype(bool)).astype(float).groupby("width").mean()
    gap = rows["worst_loss"] - rows["best_loss"]
    place = ((rows["loss"] - rows["best_loss"]) / gap.where(gap > 0)).groupby(
        [rows["width"], rows["dimension"]]
    )
    places = place.median().unstack("width")
    wide = places[places.columns[-1]]
    return [
        "## 5. Do the dimensions of connected components matter?",
        _image("dimensions"),
        bullets(
            [
                said(
                    "In wide networks most components are connected sets: "
                    + ", ".join(f"{percent(connected[w], 1)} with L = {w}" for w in connected.index)
                    + ".",
                    connected.is_monotonic_increasing and connected.iloc[-1] > 0.5,
                ),
                said(
                    f"For descent they matter less than points: of {len(known):,} connected sets "
                    f"with "
                    f"known basins {len(basins):,} are basins, and all of these are global at "
                    f"every "
                    "width ([Lemma 40](theory.md#lemma-40)). From all others a way down leads out, "
                    "whatever their dimension.",
                    bool(basins["global_at_every_width"].all()),
                ),
                said(
                    "For how good a minimum is they do: the larger the dimension, the fewer faces "
                    "carry units, and the higher the loss. The median is at "
                    + ", ".join(f"{percent(wide[k], 1)} for dimension {k}" for k in wide.index)
                    + f" of the way from the best loss to the worst, with L = "
                    f"{places.columns[-1]}.",
                    wide.is_monotonic_increasing,
                ),
                "The best minimum is a connected set in "
                + ", ".join(f"{percent(sets_best[w], 1)} with L = {w}" for w in sets_best.index)
                + " of the landscapes.",
            ]
        ),
    ]


def _contents(found: Atlas) -> list[str]:
    rows = []
    for sweep in SWEEPS:
        own = found.instances[found.instances["sweep"] == sweep]
        if own.empty:
            continue
        parts = found.components[found.components["instance"].isin(own["instance"])]
        sizes, widths = sorted(own["n"].unique()), sorted(own["width"].unique())
        rows.append(
            {
                "sweep": sweep,
                "n": _span(sizes),
                "L": _span(widths),
                "landscapes": f"{len(own):,}",
                "components": f"{len(parts):,}",
                "checked": f"{int(own['checked'].fillna(False).sum()):,}",
                "with basins": f"{int((own['basins_state'] == COMPUTED).sum()):,}",
                "with radii": f"{int((own['radii_state'] == COMPUTED).sum()):,}",
            }
        )
    states = pd.concat([found.instances["basins_state"], found.instances["radii_state"]])
    reasons = sorted(set(states) - {COMPUTED})
    missing = [sweep for sweep in SWEEPS if sweep not in set(found.instances["sweep"])]
    return [
        "## What it holds",
        tabulate(rows, "keys", "pipe", disable_numparse=True),
        paragraph(
            "Configurations are described in [config/README.md](../config/README.md), the",
            "sources of real data in [config/data/README.md](../config/data/README.md).",
            "`checked` counts the lists whose certificate the independent checker went through",
            "in that run. The list of the reference rests on Theorem E, and `sweep_paper` keeps",
            "no certificates: these lists are proved by the engine, and can be proved again",
            "(below).",
            *([f"Not in it yet: {', '.join(missing)}."] if missing else []),
            *_partial(found),
        ),
        paragraph(
            "**Null means that something was not computed, or is not there, and never that it is",
            "false.** `basins_state` and `radii_state` say why:",
        ),
        bullets([f"`{reason}`" for reason in reasons]),
        paragraph(
            "Counts of supports are null where an engine counts boxes, and `list_radius` where",
            "there are more than two million supports. A basin of least loss has the depth",
            "`inf`, and `joins` 0; a component that is no basin has the depth 0. A radius of 0",
            "says that none is known, `inf` that there is no bound.",
        ),
    ]


def _span(values: Sequence[int]) -> str:
    return f"{values[0]}" if len(values) == 1 else f"{values[0]} to {values[-1]}"


PLANNED = {"sweep_paper": 8320}
"""Instances of sweeps of which a part may be here."""


def _partial(found: Atlas) -> list[str]:
    """Say of which sweeps only some n are here."""
    counts = found.instances.groupby("sweep")["n"].agg(["size", "max"])
    return [
        f"Of `{sweep}` the sizes up to n = {counts.loc[sweep, 'max']} are here."
        for sweep, most in PLANNED.items()
        if sweep in counts.index and counts.loc[sweep, "size"] < most
    ]


def _schema() -> list[str]:
    parts = ["## The tables"]
    for name, columns in TABLES.items():
        rows = [_schema_row(key, column) for key, column in columns.items()]
        parts += [f"### `{name}`", tabulate(rows, "keys", "pipe", disable_numparse=True)]
    return [
        *parts,
        paragraph(
            "Units: `data` is the unit of the targets (for `x`, of the inputs), `loss` its",
            "square, `weight` that of the weights, `1` a pure number. Decimals are doubles:",
            "nearest ones, but `loss_low`, `loss_high`, `radius`, `radius_at_most` and",
            "`list_radius` are rounded to the side on which they stay true.",
        ),
    ]


def _schema_row(key: str, column: Column) -> dict[str, str]:
    return {
        "column": f"`{key}`",
        "type": column.kind,
        "unit": column.unit,
        "meaning": column.meaning,
    }


REBUILD = """## Every row can be proved again

`sha256` is the digest of the document that a row is made of, without `software` and `certificate`
(`reluenum.datasets.atlas.landscape_digest`). To make a list again, check its certificate and
compare every cell of it:

```sh
python -m docs.make.atlas_tables prove sweep_small/random-n4-d1-L2-ridge1_100-seed3
python -m docs.make.atlas_tables prove 10       # ten rows, always the same ones
```

In Python it is `enumerate_minima(found.problem(name), engine="certified").save("minima.json")`,
then `reluenum verify minima.json` on the command line.

To build all of it from nothing, run the sweeps, with `basins: true` and `stability: true` in their
configurations where these are wanted, then

```sh
python -m docs.make.atlas_tables build          # reads results/, writes the two files
make atlas                                      # this page
```

Equal results give equal bytes with the same version of PyArrow. Sweeps that are not in `results/`
are left out, and so is an n of a sweep of which a batch is missing."""


def _image(name: str) -> str:
    return f"![{FIGURES[name][1]}](images/atlas_{name}.svg)"


def main() -> None:
    """Write the page and its figures."""
    found = atlas()
    for name, (draw, _) in FIGURES.items():
        save_figure(draw(found), IMAGES / f"atlas_{name}", ("svg",))
    write_text(ROOT / "docs/atlas.md", page(found))


if __name__ == "__main__":
    main()
