"""The explorer: a ridge path as one HTML page that needs nothing else, not even a network."""

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from importlib.resources import files
from string import ascii_uppercase
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, UndefinedError

from reluenum.problem import parse_rational

PLOTLY = "vendor/plotly-basic.min.js"
"""The plotting library: the basic bundle of plotly.js, a quarter of the whole one.

A browser shows a page within a report only if it is not larger than two megabytes.
"""

Record = Mapping[str, Any]

_ESCAPES = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}
"""Characters that mean something to HTML or to old JavaScript, as JSON may write them, too."""


def explorer_page(document: Mapping[str, Any]) -> str:
    """Return a page on which one walks along a ridge path and sees every minimum move.

    Parameters
    ----------
    document : dict
        Of the format `reluenum-path`.

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
    scripts = [_script(_packaged_text(PLOTLY)), _script(_packaged_text("templates/explorer.js"))]
    environment = Environment(
        loader=PackageLoader("reluenum.figures"), autoescape=True, undefined=StrictUndefined
    )
    try:
        return environment.get_template("explorer.html.j2").render(
            document=document,
            policy=_policy(scripts),
            style=_packaged_text("templates/explorer.css"),
            view=_embedded(_view(document)),
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


def _view(document: Record) -> dict[str, Any]:
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
    _name(segments, [change for group in changes for change in group])
    undecided = document["undecided"]
    return {
        "problem": {
            **{key: problem[key] for key in ("x", "y", "width", "output_bias")},
            "inputs": [[_float(entry) for entry in row] for row in problem["x"]],
            "targets": [_float(entry) for entry in problem["y"]],
        },
        "ridges": [
            {**_drawn_ridge(text), "undecided": int(undecided.get(text, 0))} for text in ridges
        ],
        "segments": segments,
        "events": [
            {
                "low": places[event["low"]],
                "high": places[event["high"]],
                "changes": group,
                **_algebraic_number(event),
            }
            for event, group in zip(document["events"], changes, strict=True)
        ],
    }


def _float(text: str) -> float:
    value = parse_rational(text)
    return int(value.p) / int(value.q)


def _drawn_ridge(text: str) -> dict[str, Any]:
    """Return a ridge as it stands, as a decimal that tells the ends of a bracket apart, to draw."""
    value = _float(text)
    decimal = f"{value:.13g}"
    relation = "=" if parse_rational(decimal) == parse_rational(text) else "≈"
    return {"text": text, "relation": relation, "decimal": decimal, "value": value}


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
    return {
        "loss": sample["loss"],
        "squares": sample["sum_a_squared"],
        "directions": sample["direction"],
        "bias": sample["m"] if biased else None,
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
        **_algebraic_number(change),
    }


def _name(segments: Sequence[dict[str, Any]], changes: Iterable[Record]) -> None:
    """Give each minimum one name for as long as events only change its support.

    Names go by the ridge where a minimum is first seen, then by its loss there.
    """
    successor = {
        change["before"]: change["after"]
        for change in changes
        if change["before"] is not None and change["after"] is not None
    }
    roots = set(range(len(segments))) - set(successor.values())

    def appearance(index: int) -> tuple[int, Any]:
        return segments[index]["first"], parse_rational(segments[index]["samples"][0]["loss"])

    for number, root in enumerate(sorted(roots, key=appearance)):
        index: int | None = root
        while index is not None:
            segments[index].update(family=number, name=_letters(number))
            index = successor.get(index)


def _letters(number: int) -> str:
    """Return A to Z, then AA, AB and so on.

    Examples
    --------
    >>> [_letters(number) for number in (0, 25, 26, 702)]
    ['A', 'Z', 'AA', 'AAA']
    """
    rest, last = divmod(number, 26)
    return (_letters(rest - 1) if rest else "") + ascii_uppercase[last]


def _algebraic_number(record: Record) -> dict[str, Any]:
    """Return the algebraic number behind an event or a change, as far as the document has it."""
    number = record.get("number")
    exact = number and {
        "decimal": number["decimal"],
        "polynomial": number["minimal_polynomial"],
        "condition": number.get("condition"),
    }
    return {"number": exact, "reason": record.get("reason")}
