"""The rows that an instance gives to the tables of a sweep."""

from collections.abc import Mapping
from decimal import Context, Decimal
from typing import Any

from reluenum.experiments.names import instance_name
from reluenum.problem import parse_rational
from reluenum.views.components import components_frame
from reluenum.views.instances import summary_frame
from reluenum.views.sweep_tables import TIMES, Document


def instance_row(instance: Mapping[str, Any], document: Document) -> dict[str, Any]:
    """Return the row of an instance of a sweep in the table of instances."""
    name = instance_name(instance)
    (row,) = summary_frame({name: document}).to_dict("records")
    found = document["components"]
    return {
        **row,
        "data": instance["label"],
        "seed": instance["parameters"].get("seed"),
        "engine": instance["engine"],
        "ridge_decimal": float(parse_rational(row["ridge"])),
        "zero_network": sum(_size(component) == 0 for component in found),
        "full_size": sum(
            component["dimension"] == 0
            and not component["global_at_every_width"]
            and _size(component) == row["width"]
            for component in found
        ),
        "spurious": len(found) - row["global_at_width"] if row["complete"] else None,
        **_gap(row["best_loss"], row["worst_loss"]),
    }


def _size(component: Mapping[str, Any]) -> int:
    return len(component["strata"][0]["support"])


def _gap(best: str | None, worst: str | None) -> dict[str, Any]:
    if best is None or worst is None:
        return {"gap": None, "relative_gap": None}
    gap = Context(prec=20).subtract(Decimal(worst), Decimal(best))
    share = float(gap / Decimal(best)) if Decimal(best) else None
    return {"gap": f"{gap:f}", "relative_gap": share}


def component_rows(name: str, document: Document) -> list[dict[str, Any]]:
    """Return the rows of the components of an instance."""
    rows = components_frame(document).to_dict("records")
    sizes = map(_size, document["components"])
    own = {"instance": name, "complete": document["complete"]}
    return [{**row, **own, "size": size} for row, size in zip(rows, sizes, strict=True)]


def time_row(instance: Mapping[str, Any], seconds: tuple[float, float]) -> dict[str, Any]:
    """Return the row of an instance in the table of times."""
    series = instance_name(instance | {"width": "*"})
    cells = (instance_name(instance), series, instance["width"], *seconds)
    return dict(zip(TIMES, cells, strict=True))
