"""Rows of the tables of a sweep by hand, and what tables have to say of documents."""

from collections import Counter
from decimal import Decimal

import pandas as pd


def row(instance="a", **changes):
    """A row of the table of instances, by hand."""
    base = {
        "instance": instance,
        "data": "random",
        "n": 3,
        "d": 1,
        "engine": "certified",
        "width": 2,
        "ridge": "1/10",
        "ridge_decimal": 0.1,
        "loss": "sum",
        "output_bias": "none",
        "supports_examined": 45,
        "components": 2,
        "isolated": 2,
        "isolated_on_boundary": 1,
        "zero_network": 0,
        "global_at_every_width": 1,
        "spurious": 1,
        "relative_gap": 0.5,
        "undecided": 0,
        "complete": True,
    }
    return base | changes


def recomputed(documents):
    """What a table of instances has to say, from the documents alone."""
    for name, document in documents.items():
        found = document["components"]
        losses = [Decimal(component["loss"]) for component in found]
        isolated = [component for component in found if component["dimension"] == 0]
        yield (
            name,
            {
                "components": len(found),
                "isolated": len(isolated),
                "isolated_on_boundary": sum(component["on_boundary"] for component in isolated),
                "interior": sum(not component["on_boundary"] for component in found),
                "spurious": sum(not component["global_at_width"] for component in found),
                "global_at_every_width": sum(c["global_at_every_width"] for c in found),
                "supports_examined": document["enumeration"]["supports_examined"],
                "stationary": document["enumeration"]["stationary"],
                "undecided": document["enumeration"]["undecided"],
                "zero_network": sum(
                    {s["zero_neurons"] for s in c["strata"]} == {document["problem"]["width"]}
                    for c in found
                ),
                "full_size": sum(
                    len(component["strata"][0]["support"]) == document["problem"]["width"]
                    and not component["global_at_every_width"]
                    for component in isolated
                ),
                "gap": max(losses) - min(losses),
            },
        )


def assert_tables_agree(folder, documents):
    """Compare every table of a sweep with what its documents say."""
    table = pd.read_parquet(folder / "instances.parquet").set_index("instance")
    assert sorted(table.index) == sorted(documents)
    totals = Counter()
    for name, expected in recomputed(documents):
        found = table.loc[name]
        gap = expected.pop("gap")
        assert abs(Decimal(found["gap"]) - gap) < Decimal("1e-15")
        assert {key: int(found[key]) for key in expected} == expected
        totals.update(expected)
    grouped = pd.read_csv(folder / "summary.csv")
    for key in ("components", "isolated", "isolated_on_boundary", "spurious", "supports_examined"):
        assert grouped[key].sum() == totals[key]
    assert grouped["instances"].sum() == len(documents)
    parts = pd.read_parquet(folder / "components.parquet")
    assert len(parts) == totals["components"]
    by_dimension = Counter(
        (name, component["dimension"])
        for name, document in documents.items()
        for component in document["components"]
    )
    assert Counter(zip(parts["instance"], parts["dimension"], strict=True)) == by_dimension
    times = pd.read_parquet(folder / "times.parquet")
    assert sorted(times["instance"]) == sorted(documents)
    assert (times["seconds"] > 0).all()
    for kind in ("instances", "components", "times"):
        assert len(pd.read_csv(folder / f"{kind}.csv")) == len(
            pd.read_parquet(folder / f"{kind}.parquet")
        )
