"""Tables of documents: exact text, never rounded through a float."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pandas as pd

Document = Mapping[str, Any]

UNKNOWN = "unknown"
"""Shown where undecided supports leave a question open."""


def components_frame(document: Document) -> pd.DataFrame:
    """Return one row per component of a minima document, in its order.

    Numbers that the document holds as decimals stay text with all their digits.
    """
    rows = [
        {"component": k, **_component_row(component)}
        for k, component in enumerate(document["components"], start=1)
    ]
    columns = ["component", *_component_row(_EMPTY_COMPONENT)]
    return pd.DataFrame(rows, columns=columns).set_index("component")


_EMPTY_COMPONENT: Document = {
    "dimension": 0,
    "loss": "",
    "loss_interval": ["", ""],
    "on_boundary": False,
    "global_at_width": None,
    "global_at_every_width": False,
    "orbit_size": 1,
    "strata": [{"support": [], "zero_neurons": 0}],
    "representative": {"a": [], "B": [], "c": []},
}


def _component_row(component: Document) -> dict[str, Any]:
    stratum = component["strata"][0]
    network = component["representative"]
    known = component["global_at_width"]
    return {
        "loss": component["loss"],
        "kind": kind(component["dimension"]),
        "dimension": component["dimension"],
        "on_boundary": component["on_boundary"],
        "global_at_width": UNKNOWN if known is None else known,
        "global_at_every_width": component["global_at_every_width"],
        "orbit_size": component["orbit_size"],
        "strata": len(component["strata"]),
        "support": support_label(stratum),
        "zero_neurons": stratum["zero_neurons"],
        "sum_a_squared": " ".join(group["sum_a_squared"] for group in stratum["support"]),
        "a": " ".join(network["a"]),
        "B": "; ".join(" ".join(row) for row in network["B"]),
        "c": " ".join(network["c"]),
        "m": network.get("m", ""),
    }


def kind(dimension: int) -> str:
    """Name the shape of a component: isolated, arc, or its dimension."""
    return {0: "isolated", 1: "arc"}.get(dimension, f"dimension {dimension}")


def support_label(stratum: Document) -> str:
    """Return faces with sign of a and multiplicity, e.g. `+[++-+0] -[+0+++]x2`."""
    labels = []
    for group in stratum["support"]:
        count = f"x{group['multiplicity']}" if group["multiplicity"] > 1 else ""
        labels.append(f"{'+' if group['sign'] > 0 else '-'}[{group['face']}]{count}")
    return " ".join(labels) or "zero network"


def minima_csv(document: Document) -> str:
    """Return the components as CSV."""
    return components_frame(document).to_csv(lineterminator="\n")


def stationary_frame(document: Document) -> pd.DataFrame:
    """Return one row per stationary point of a stationary document."""
    rows = [
        {"point": k, **_point_row(point)} for k, point in enumerate(document["points"], start=1)
    ]
    columns = ["point", *_point_row(_EMPTY_POINT)]
    return pd.DataFrame(rows, columns=columns).set_index("point")


_EMPTY_POINT: Document = {
    "support": "",
    "signs": [],
    "zero_neurons": False,
    "loss": "",
    "minimum": False,
    "descent": None,
}


def _point_row(point: Document) -> dict[str, Any]:
    descent = point["descent"] or {"kind": "", "face": "", "vector": [], "step": ""}
    return {
        "support": point["support"] or "zero network",
        "signs": " ".join(f"{sign:+d}" for sign in point["signs"]),
        "zero_neurons": point["zero_neurons"],
        "loss": point["loss"],
        "minimum": point["minimum"],
        "descent": descent["kind"],
        "descent_face": descent["face"],
        "descent_vector": " ".join(descent["vector"]),
        "descent_step": descent["step"],
    }


def stationary_csv(document: Document) -> str:
    """Return the stationary points as CSV."""
    return stationary_frame(document).to_csv(lineterminator="\n")


def summary_frame(documents: Mapping[str, Document]) -> pd.DataFrame:
    """Return one row per instance: sizes, counts, minima by dimension and place, losses.

    Parameters
    ----------
    documents : mapping from instance names to minima documents
    """
    dimensions = sorted(
        {component["dimension"] for d in documents.values() for component in d["components"]}
    )
    rows = [_summary_row(name, document, dimensions) for name, document in documents.items()]
    return pd.DataFrame(rows).set_index("instance")


def _summary_row(name: str, document: Document, dimensions: list[int]) -> dict[str, Any]:
    problem, counts, components = (
        document["problem"],
        document["enumeration"],
        document["components"],
    )
    losses = sorted((component["loss"] for component in components), key=Decimal)
    isolated = [component for component in components if component["dimension"] == 0]
    settled = all(component["global_at_width"] is not None for component in components)
    return {
        "instance": name,
        "n": len(problem["y"]),
        "d": len(problem["x"][0]),
        "width": problem["width"],
        "ridge": problem["ridge"],
        "loss": problem["loss"],
        "output bias": problem["output_bias"],
        "sign matrices": counts["sign_matrices"],
        "realisable patterns": counts["realisable_patterns"],
        "patterns up to permutation": counts["patterns_up_to_permutation"],
        "supports examined": counts["supports_examined"],
        "stationary supports": counts["stationary"],
        "locally minimal supports": counts["locally_minimal"],
        "components": len(components),
        **{
            f"{kind(dimension)} components": sum(c["dimension"] == dimension for c in components)
            for dimension in dimensions
        },
        "isolated on a boundary": sum(c["on_boundary"] for c in isolated),
        "on a boundary": sum(c["on_boundary"] for c in components),
        "in open cells": sum(not c["on_boundary"] for c in components),
        "global at the width": sum(c["global_at_width"] is True for c in components)
        if settled
        else UNKNOWN,
        "global at every width": sum(c["global_at_every_width"] for c in components),
        "lowest loss": losses[0] if losses else "",
        "highest loss": losses[-1] if losses else "",
        "undecided supports": counts["undecided"],
        "complete": "yes" if document["complete"] else "NO",
    }


def summary_csv(documents: Mapping[str, Document]) -> str:
    """Return the summary as CSV, one row per instance, with all digits."""
    return summary_frame(documents).to_csv(lineterminator="\n")


def _for_people(documents: Mapping[str, Document]) -> pd.DataFrame:
    """Return the summary with short losses, one column per instance if there are few."""
    frame = summary_frame(documents).astype(object)
    for column in ("lowest loss", "highest loss"):
        frame[column] = [f"{Decimal(loss):.6g}" if loss else "" for loss in frame[column]]
    return frame.T if len(frame) <= 4 else frame


def summary_markdown(documents: Mapping[str, Document]) -> str:
    """Return the summary as a Markdown table, followed by a warning if a list is incomplete."""
    frame = _for_people(documents)
    return frame.to_markdown(disable_numparse=True) + "\n" + _warning(documents, "\n**{}**\n")


def summary_latex(documents: Mapping[str, Document]) -> str:
    """Return the summary as a LaTeX table; it needs the package booktabs only."""
    frame = _for_people(documents)
    frame = frame.map(_escaped).rename(index=_escaped, columns=_escaped)
    frame.index.name = frame.columns.name = None
    table = frame.style.to_latex(hrules=True, column_format="l" + "r" * frame.shape[1])
    return table + _warning({_escaped(k): v for k, v in documents.items()}, "\n\\textbf{{{}}}\n")


def _warning(documents: Mapping[str, Document], template: str) -> str:
    """Name the instances whose lists may be incomplete."""
    open_ones = [name for name, document in documents.items() if not document["complete"]]
    if not open_ones:
        return ""
    return template.format(
        f"Undecided supports: the lists of {', '.join(open_ones)} may be incomplete."
    )


_LATEX = {
    "\\": r"\textbackslash{}",
    "_": r"\_",
    "%": r"\%",
    "&": r"\&",
    "#": r"\#",
    "$": r"\$",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


def _escaped(value: Any) -> str:
    """Return a cell as LaTeX text."""
    return "".join(_LATEX.get(character, character) for character in str(value))
