"""The tidy tables of a sweep, a row for each instance, component or time, and their summaries.

Counts of an instance with undecided supports are lower bounds; summaries say how many of those
there are and leave them out of every mean and share.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from reluenum.views.cells import UNUSUAL_SETTINGS

WHOLE, REAL, TEXT, TRUTH = "Int64", "float64", "string", "boolean"

INSTANCES = {
    "instance": TEXT,
    "data": TEXT,
    "n": WHOLE,
    "d": WHOLE,
    "seed": WHOLE,
    "engine": TEXT,
    "width": WHOLE,
    "ridge": TEXT,
    "ridge_decimal": REAL,
    "loss": TEXT,
    "output_bias": TEXT,
    "realisable_patterns": WHOLE,
    "supports_examined": WHOLE,
    "stationary": WHOLE,
    "locally_minimal": WHOLE,
    "components": WHOLE,
    "isolated": WHOLE,
    "isolated_on_boundary": WHOLE,
    "zero_network": WHOLE,
    "interior": WHOLE,
    "full_size": WHOLE,
    "global_at_width": WHOLE,
    "global_at_every_width": WHOLE,
    "spurious": WHOLE,
    "best_loss": TEXT,
    "worst_loss": TEXT,
    "gap": TEXT,
    "relative_gap": REAL,
    "undecided": WHOLE,
    "complete": TRUTH,
}
"""Columns of the table of instances and their types.

`data` is the label of the data sets; `zero_network` is 1 if the network without any living unit is
a local minimum, which counts as isolated and on a boundary (never with free hidden biases, where
constant networks fill regions); `full_size` is the N_m of Corollary D.1 at m = width: isolated
minima with a face of its own for each unit, those global at every width left out, and missing with
free hidden biases; `spurious` are components that are not global at their width (missing if
undecided supports hide which are); `gap` is the worst loss minus the best one, `relative_gap` its
share of the best.
"""

LAYERED = {"hidden": TEXT, "constant_networks": WHOLE}
"""Columns that several hidden layers add to the table of instances: the widths of all layers, and
the number of minima with a dead first layer, but for the zero network: constant networks. With
several, `width`, `full_size`, `realisable_patterns` and `global_at_every_width` are missing, and
`supports_examined`, `stationary` and `locally_minimal` count strata."""

UNUSUAL = dict.fromkeys(UNUSUAL_SETTINGS, TEXT)
"""Columns that instances without hidden bias, with a free one, or with a linear part add to it."""

COMPONENTS = {
    "instance": TEXT,
    "index": WHOLE,
    "dimension": WHOLE,
    "size": WHOLE,
    "loss": TEXT,
    "on_boundary": TRUTH,
    "global_at_width": TRUTH,
    "global_at_every_width": TRUTH,
    "orbit_size": TEXT,
    "strata": WHOLE,
    "support": TEXT,
    "complete": TRUTH,
}
"""Columns of the table of components.

`size` counts the faces of the first stratum, or with several hidden layers the distinct living
units, whose signs by layer are the `support`; `complete` is that of the instance: if it is False,
components may be missing.
"""

BASINS = {
    "instance": TEXT,
    "index": WHOLE,
    "basin": TRUTH,
    "barrier": TEXT,
    "depth": TEXT,
    "height": TEXT,
    "joins": WHOLE,
    "event": TEXT,
}
"""Columns that a sweep with `basins: true` adds to the table of components: see
`basins.barriers_frame`. Instances with undecided supports have none of these rows."""

DEPTHS = {
    "basins": WHOLE,
    "bad_basins": WHOLE,
    "smallest_depth": REAL,
    "median_depth": REAL,
    "largest_depth": REAL,
    "death_share": REAL,
}
"""Columns that it adds to the table of instances: the number of basins and of those that are not of
least loss, the depths of the latter, and in which share of them a unit dies on the way out."""

RADII = {
    "instance": TEXT,
    "index": WHOLE,
    "radius": REAL,
    "at_most": REAL,
    "relative_radius": REAL,
    "list_radius": REAL,
}
"""Columns that a sweep with `stability: true` adds to the table of components: see
`stability.radii_frame`; the last one is that of the instance."""

SMALLEST_RADII = {"list_radius": REAL, "smallest_radius": REAL, "median_relative_radius": REAL}
"""Columns that it adds to the table of instances: radii of the list, of the minimum that has the
smallest one, and of the median minimum, as a multiple of the standard deviation of its residual."""

TIMES = {
    "instance": TEXT,
    "series": TEXT,
    "width": WHOLE,
    "examine_seconds": REAL,
    "document_seconds": REAL,
}
"""Columns of the table of times: to examine the supports of size `width` alone, and to list the
minima of that width. Instances that differ in their width only are of one series; one of several
hidden layers is a series of its own, without a width, and its document is all there is to do."""

GROUP = ("data", "d", "n", "width", "engine", "loss", "output_bias")
"""What the instances of a row of the summary share."""

GROUP_AND_RIDGE = (*GROUP, "ridge_decimal", "ridge")
"""The same by ridge, in the order of its value."""


def frame(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str]) -> pd.DataFrame:
    """Return a frame with these columns and types, also without any row."""
    found = pd.DataFrame(list(rows), columns=list(columns), dtype=object)
    return found.astype(dict(columns))


def with_layers(instances: pd.DataFrame) -> pd.DataFrame:
    """Return the table of instances with the columns `LAYERED` filled in, if it has them."""
    if "hidden" not in instances:
        return instances
    filled = {"hidden": instances["width"].astype(TEXT), "constant_networks": 0}
    return instances.astype(LAYERED).fillna(filled)


def with_settings(instances: pd.DataFrame) -> pd.DataFrame:
    """Return the table of instances with those columns of `UNUSUAL` filled in that it has."""
    known = {key: value for key, value in UNUSUAL_SETTINGS.items() if key in instances}
    return instances.fillna(known) if known else instances


def by_layers(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of instances or times whose `width` is that of all hidden layers."""
    return table.assign(width=table["hidden"]) if "hidden" in table else table


def grouping(instances: pd.DataFrame, by: Sequence[str] = GROUP) -> list[str]:
    """Return the columns of a group, with all hidden layers instead of the width if there are.

    Instances with another hidden bias, or with a linear part, are of groups of their own.
    """
    layered, unusual = "hidden" in instances, [key for key in UNUSUAL if key in instances]
    return ["hidden" if layered and key == "width" else key for key in (*by, *unusual)]


def examined_kind(instances: pd.DataFrame) -> str:
    """Return what was examined: supports, strata of several hidden layers, or both."""
    if "hidden" not in instances:
        return "supports"
    several = instances["hidden"].str.contains(",")
    return "strata" if several.all() else "supports and strata"


def decided(instances: pd.DataFrame) -> pd.DataFrame:
    """Return the instances without undecided supports."""
    return instances[instances["complete"]]


def with_basins(
    instances: pd.DataFrame, components: pd.DataFrame, basins: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the tables of instances and components with the columns about basins.

    Parameters
    ----------
    instances, components, basins : DataFrame
        With the columns `INSTANCES`, `COMPONENTS` and `BASINS`.
    """
    depth = basins["depth"].astype("float64").where(basins["basin"])
    known = basins.assign(depth=depth, bad=depth.notna(), death=basins["event"].eq("death"))
    bad = known[known["bad"]].groupby("instance")
    found = pd.DataFrame(
        {
            "basins": known.groupby("instance")["basin"].sum(),
            "bad_basins": known.groupby("instance")["bad"].sum(),
            "smallest_depth": bad["depth"].min(),
            "median_depth": bad["depth"].median(),
            "largest_depth": bad["depth"].max(),
            "death_share": bad["death"].mean(),
        }
    )
    rows = instances.merge(found.astype(DEPTHS), "left", left_on="instance", right_index=True)
    return rows, components.merge(basins, "left", on=["instance", "index"])


def with_radii(
    instances: pd.DataFrame, components: pd.DataFrame, radii: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the tables of instances and components with the columns about radii.

    Parameters
    ----------
    instances, components, radii : DataFrame
        With the columns `INSTANCES`, `COMPONENTS` and `RADII`.
    """
    each = radii.groupby("instance")
    found = pd.DataFrame(
        {
            "list_radius": each["list_radius"].first(),
            "smallest_radius": each["radius"].min(),
            "median_relative_radius": each["relative_radius"].median(),
        }
    )
    rows = instances.merge(
        found.astype(SMALLEST_RADII), "left", left_on="instance", right_index=True
    )
    own = radii.drop(columns="list_radius")
    return rows, components.merge(own, "left", on=["instance", "index"])


def sweep_summary(instances: pd.DataFrame, by: Sequence[str] = GROUP) -> pd.DataFrame:
    """Return a row for each group of instances, averaged over all that they do not share.

    Parameters
    ----------
    instances : DataFrame
        With the columns `INSTANCES`.
    by : sequence of str
        Columns that make a group; see `grouping`.

    Returns
    -------
    DataFrame
        The columns `by`; `instances` and `undecided` (how many of them stayed undecided); of the
        others the sums `components`, `isolated`, `isolated_on_boundary`, `zero_network`,
        `spurious`, `supports_examined`, the mean, smallest and largest number of components,
        `benign` (share of instances without a spurious minimum), `optimal_at_every_width` (share
        whose best minimum is global at every width), and the median and largest relative gap.
    """
    columns = grouping(instances, by)
    rows = [
        {**dict(zip(columns, key, strict=True)), **_group_row(group)}
        for key, group in instances.groupby(columns, sort=True, dropna=False)
    ]
    return pd.DataFrame(rows)


def _group_row(group: pd.DataFrame) -> dict[str, Any]:
    known = decided(group)
    sums = {
        key: int(known[key].sum())
        for key in ("components", "isolated", "isolated_on_boundary", "zero_network", "spurious")
    }
    components = known["components"]
    return {
        "instances": len(group),
        "undecided": len(group) - len(known),
        **sums,
        "supports_examined": int(group["supports_examined"].sum()),
        "mean_components": components.mean(),
        "fewest_components": components.min(),
        "most_components": components.max(),
        "benign": (known["spurious"] == 0).mean(),
        "optimal_at_every_width": (known["global_at_every_width"] > 0).mean(),
        "median_gap": known["relative_gap"].median(),
        "largest_gap": known["relative_gap"].max(),
    }


def dimensions(components: pd.DataFrame, instances: pd.DataFrame) -> pd.DataFrame:
    """Return how many components of decided instances have each dimension, by group."""
    joined = components[["instance", "dimension"]].merge(decided(instances), on="instance")
    groups = joined.groupby([*grouping(instances), "dimension"])
    counts = groups.size().unstack("dimension", fill_value=0)
    return counts.rename(columns=lambda dimension: f"dimension_{dimension}").reset_index()


def total_seconds(times: pd.DataFrame, instances: pd.DataFrame) -> pd.DataFrame:
    """Return the supports and the time of each instance: all sizes up to its width, its document.

    Parameters
    ----------
    times : DataFrame
        With the columns `TIMES`, for every width from 1 on, also if it was not asked for.
    instances : DataFrame
        With the columns `INSTANCES`, for those that were asked for.

    Returns
    -------
    DataFrame
        Columns `instance`, `engine`, `n`, `d`, `width`, `supports`, `complete`, `seconds`, and
        `hidden` if instances have it.
    """
    ordered = times.sort_values(["series", "width"])
    examined = ordered.groupby("series")["examine_seconds"].cumsum()
    ordered = ordered.assign(seconds=examined + ordered["document_seconds"])
    columns = ["instance", "engine", "n", "d", "width", "supports_examined", "complete"]
    columns += ["hidden"] if "hidden" in instances else []
    joined = instances[columns].merge(ordered[["instance", "seconds"]], on="instance")
    return joined.rename(columns={"supports_examined": "supports"})
