"""The explorer: a ridge path as one HTML page that needs nothing else, not even a network."""

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from importlib.resources import files
from typing import Any

from jinja2 import UndefinedError

from reluenum.activation import Activation
from reluenum.algebra.decimals import double_of
from reluenum.algebra.scalars import parse_rational
from reluenum.figures.branches import Branches
from reluenum.figures.exact_view import exact_view
from reluenum.figures.explored import (
    Record,
    algebraic_number,
    drawn_ridge,
    name_families,
)
from reluenum.figures.pages import rendered
from reluenum.paths.hinges.records import EXACT
from reluenum.views.basins import way_out

PLOTLY = "vendor/plotly-basic.min.js"
"""The plotting library: the basic bundle of plotly.js, a quarter of the whole one.

A browser shows a page within a report only if it is not larger than two megabytes.
"""

_ESCAPES = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}
"""Characters that mean something to HTML or to old JavaScript, as JSON may write them, too."""


def explorer_page(document: Record, trees: Iterable[Record] = ()) -> str:
    """Return a page on which one walks along a ridge path and sees every minimum move.

    Parameters
    ----------
    document : dict
        Of the format `reluenum-path`.
    trees : iterable of dict
        Of the format `reluenum-basins`, up to permutation, at some of its ridges. With any, the
        page shows which minima are basins, how deep, and over which passes they join.

    Returns
    -------
    str
        HTML with everything inline. Its policy lets it load nothing and run no other script;
        texts of the document are data and never markup.

    Raises
    ------
    LookupError, TypeError, ValueError, ArithmeticError
        If the document is damaged, or its data are too large to be drawn.
    """
    exact, trees = document.get("completeness") == EXACT, list(trees)
    scripts = [_script(_packaged_text(PLOTLY)), _script(_packaged_text("templates/explorer.js"))]
    try:
        return rendered(
            "explorer.html.j2",
            document=document,
            policy=_policy(scripts),
            style=_packaged_text("templates/explorer.css"),
            view=_embedded(exact_view(document) if exact else _view(document, trees)),
            trees=bool(trees),
            exact=exact,
            scripts=scripts,
        )
    except UndefinedError as error:
        raise ValueError(str(error)) from error


def _packaged_text(name: str) -> str:
    return files("reluenum.figures").joinpath(name).read_text(encoding="utf-8")


def _script(source: str) -> str:
    """Return a program as the text of an element, which must not seem to end within it."""
    return source.replace("\r\n", "\n").replace("</script", "<\\/script")


def _policy(scripts: Iterable[str]) -> str:
    """Return a content security policy: these programs, inline styles and images, nothing else."""
    hashes = [b64encode(sha256(script.encode()).digest()).decode() for script in scripts]
    allowed = " ".join(f"'sha256-{value}'" for value in hashes)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


def _embedded(view: Record) -> str:
    r"""Return JSON that can stand inside a script element.

    Examples
    --------
    >>> print(_embedded({"face": "</script>"}))
    {"face":"\u003c/script\u003e"}
    """
    text = json.dumps(view, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.translate(_ESCAPES)


def _view(document: Record, trees: Iterable[Record]) -> dict[str, Any]:
    """Return what the page draws: exact texts, and floats where a text is a fraction."""
    problem, ridges = document["problem"], document["ridges"]
    places = {text: index for index, text in enumerate(ridges)}
    segments = [_segment(branch, problem, places) for branch in document["branches"]]
    _mark_lowest(segments, len(ridges))
    before, after = _segment_ends(segments)
    changes = [
        [_change(change, places, event, before, after) for change in event["changes"]]
        for event in document["events"]
    ]
    name_families(segments, _successors([change for group in changes for change in group]))
    undecided = document["undecided"]
    return {
        "problem": {
            **{key: problem[key] for key in ("x", "y", "weights") if key in problem},
            **{key: problem[key] for key in ("width", "output_bias")},
            **({"slopes": _drawn_slopes(problem)} if "activation" in problem else {}),
            "inputs": [[double_of(parse_rational(entry)) for entry in row] for row in problem["x"]],
            "targets": [double_of(parse_rational(entry)) for entry in problem["y"]],
        },
        "ridges": [
            {**drawn_ridge(text), "undecided": int(undecided.get(text, 0))} for text in ridges
        ],
        "segments": segments,
        "trees": _forest(trees, places, segments),
        "events": [
            {
                "low": places[event["low"]],
                "high": places[event["high"]],
                "changes": group,
                **algebraic_number(event),
            }
            for event, group in zip(document["events"], changes, strict=True)
        ],
    }


def _forest(
    trees: Iterable[Record], places: Mapping[str, int], segments: Sequence[Record]
) -> list[dict[str, Any] | None]:
    """Return the tree of each ridge as it is drawn, or None."""
    found: list[dict[str, Any] | None] = [None] * len(places)
    for tree in trees:
        ridge = places[tree["problem"]["ridge"]]
        found[ridge] = _drawn_tree(tree, _present(segments, ridge))
    return found


Support = tuple[tuple[str, int], ...]


def _present(segments: Sequence[Record], ridge: int) -> dict[Support, int]:
    """Return the segments at a ridge by their supports."""
    return {
        tuple(sorted(zip(segment["faces"], segment["signs"], strict=True))): number
        for number, segment in enumerate(segments)
        if 0 <= ridge - segment["first"] < len(segment["samples"])
    }


def _drawn_tree(tree: Record, present: Mapping[Support, int]) -> dict[str, Any]:
    """Return where the branches and the marks of a tree are, and what is said of its minima."""
    branches, merges = Branches.of(tree), tree["merges"]
    members = [
        [present[support] for support in dict.fromkeys(_supports(component)) if support in present]
        for component in tree["minima"]["components"]
    ]
    ends = {
        branches.lowest(key): k
        for k, merge in enumerate(merges)
        for child in merge["children"][:-1]
        for key in child.items()
    }
    facts = {
        segment: {
            **{key: record[key] for key in ("basin", "barrier", "depth")},
            "joins": None if record["joins"] is None else members[record["joins"]][0],
            "event": way_out(tree, record),
        }
        for record, inside in zip(tree["components"], members, strict=True)
        for segment in inside
    }
    return {
        "branches": [
            {
                "x": branches.place(leaf),
                "segments": members[tree["leaves"][leaf]["component"]],
                "top": branches.loss(ends[leaf]) if leaf in ends else None,
            }
            for leaf in branches.order
        ],
        "merges": [
            {
                "loss": merge["loss"],
                "span": branches.span(k),
                "joined": [members[basin][0] for basin in merge["basins"]],
                "points": sorted({i for met in merge["passes"] for i in met["points"] or ()}),
            }
            for k, merge in enumerate(merges)
        ],
        "marks": [
            {"what": what, "number": members[k][0] if what == "set" else k, "x": x, "y": loss}
            for what, k, x, loss in branches.spots()
        ],
        "facts": facts,
    }


def _supports(component: Record) -> Iterable[Support]:
    """Yield the supports of the strata of a component."""
    for stratum in component["strata"]:
        yield tuple(sorted((group["face"], group["sign"]) for group in stratum["support"]))


def _drawn_slopes(problem: Record) -> list[float]:
    """Return the slopes of the activation below and above 0."""
    return list(map(float, Activation.of(problem["activation"]).slopes))


def _segment(branch: Record, problem: Record, places: Mapping[str, int]) -> dict[str, Any]:
    """Return a branch as long as it lasts: from the ridge number `first` on, one by one."""
    support, samples = branch["support"], branch["samples"]
    first = places[samples[0]["ridge"]]
    if [places[sample["ridge"]] for sample in samples] != list(range(first, first + len(samples))):
        raise ValueError("a branch leaves out a ridge")
    return {
        "faces": [entry["face"] for entry in support],
        "signs": [int(entry["sign"]) for entry in support],
        "isolated": len(support) in (0, problem["width"]),
        "first": first,
        "samples": [_sample(sample, problem) for sample in samples],
    }


def _sample(sample: Record, problem: Record) -> dict[str, Any]:
    biased = problem["output_bias"] != "none"
    offset = ["0"] if "hidden_bias" in problem else []
    return {
        "loss": sample["loss"],
        "squares": sample["sum_a_squared"],
        "directions": [[*direction, *offset] for direction in sample["direction"]],
        "bias": sample["m"] if biased else None,
        **({"linear": sample["beta"]} if "linear" in problem else {}),
        "everywhere": bool(sample["global_at_every_width"]),
    }


def _mark_lowest(segments: Iterable[dict[str, Any]], ridges: int) -> None:
    """Mark the minima that are lowest at their ridge, by the texts of their losses."""
    present: list[list[dict[str, Any]]] = [[] for _ in range(ridges)]
    for segment in segments:
        for index, sample in enumerate(segment["samples"], segment["first"]):
            present[index].append(sample)
    for samples in present:
        losses = [parse_rational(sample["loss"]) for sample in samples]
        lowest = min(losses, default=None)
        for sample, loss in zip(samples, losses, strict=True):
            sample["lowest"] = loss == lowest


Ends = dict[tuple[int, tuple[tuple[str, int], ...]], int]
"""A ridge by number and a support -> the segment that ends there, or begins."""


def _segment_ends(segments: Sequence[Record]) -> tuple[Ends, Ends]:
    """Return where segments end and where they begin."""
    before, after = {}, {}
    for index, segment in enumerate(segments):
        support = tuple(zip(segment["faces"], segment["signs"], strict=True))
        before[segment["first"] + len(segment["samples"]) - 1, support] = index
        after[segment["first"], support] = index
    return before, after


def _change(
    change: Record, places: Mapping[str, int], event: Record, before: Ends, after: Ends
) -> dict[str, Any]:
    """Return what happens, with the numbers of the segments before and after."""
    if places[event["low"]] >= places[event["high"]]:
        raise ValueError("an event ends before it begins")

    def found(support: Sequence[Record] | None, ridge: str, ends: Ends) -> int | None:
        if support is None:
            return None
        return ends[places[ridge], tuple((entry["face"], entry["sign"]) for entry in support)]

    return {
        "kind": change["kind"],
        "before": found(change["before"], event["low"], before),
        "after": found(change["after"], event["high"], after),
        **algebraic_number(change),
    }


def _successors(changes: Iterable[Record]) -> dict[int, int]:
    """Return which segments go on as which others."""
    return {
        change["before"]: change["after"]
        for change in changes
        if change["before"] is not None and change["after"] is not None
    }
