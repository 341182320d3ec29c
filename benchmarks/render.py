"""Write docs/benchmarks.md, its figures and the section of README.md; docs/data has the numbers.

Nothing is measured here. What a sentence says is checked before it is written.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

import pandas as pd

from benchmarks import phc
from benchmarks.agreement_page import AGREEMENT, LIES, agreement_section, lies_section
from benchmarks.boxes_page import TABLE, boxes_section, fitting_table
from benchmarks.ladders import CERTIFIED
from benchmarks.measure import TARGET
from benchmarks.plots import LADDERS, PLOTS
from docs.make.prose import bullets, paragraph, said, with_section
from reluenum.documents.files import write_text
from reluenum.figures import save_figure
from reluenum.views.cells import pipe_table

ROOT = Path(__file__).parents[1]

PAGE, README, IMAGES = ROOT / "docs/benchmarks.md", ROOT / "README.md", ROOT / "docs/images"

README_LINE = 160
"""Characters of a line of README.md."""

NOTHING = "–"

Document = Mapping[str, Any]


def digits(value: float) -> str:
    """Write a number to two digits, all of them if it is larger than 100.

    Examples
    --------
    >>> digits(0.0712), digits(3.64), digits(29.4), digits(1234.5)
    ('0.071', '3.6', '29', '1,234')
    """
    return f"{value:,.0f}" if value >= 100 else f"{float(f'{value:.2g}'):g}"


def seconds(value: float | None) -> str:
    """Write seconds, if they are known."""
    return NOTHING if value is None else f"{digits(value)} s"


def spread(found: Document | None, unit: str = "") -> str:
    """Write a median with its extremes."""
    if found is None:
        return NOTHING
    low, median, high = (digits(found[key]) for key in ("low", "median", "high"))
    return f"{median}{unit} ({low}{NOTHING}{high})" if found["runs"] > 1 else f"{median}{unit}"


def median(run: Document) -> float:
    """Return the median time of an enumeration.

    Raises
    ------
    ValueError
        If it did not finish: then README.md cannot be written.
    """
    if run["seconds"] is None:
        name = f"{run['formulation']} by {run['backend']} at width {run['width']}"
        raise ValueError(f"{name} did not finish: measure on a machine with less other work")
    return run["seconds"]["median"]


def page(document: Document) -> str:
    """Return docs/benchmarks.md."""
    parts = [
        *_opening(document),
        *_systems(document),
        *_ladders(document),
        *_reference(document),
        *_certificates(document),
        *boxes_section(pd.read_csv(TABLE)),
        *agreement_section(pd.read_csv(AGREEMENT)),
        *lies_section(pd.read_csv(LIES)),
        *_trees(document),
        *_earlier(document["earlier"]),
    ]
    return "\n\n".join(parts) + "\n"


def _machine(document: Document) -> str:
    machine = document["machine"]
    return f"{machine['cores']} cores of {machine['cpu']}"


def _opening(document: Document) -> list[str]:
    machine, rounds = document["machine"], document["rounds"]
    versions = [f"{name} {text}" for name, text in machine["versions"].items() if text]
    absent = [name for name, text in machine["versions"].items() if not text]
    return [
        "# Benchmarks",
        paragraph(
            "Everything on this page was measured in one run of `make bench`, which writes",
            "[data/benchmarks.json](data/benchmarks.json), this page from it, and the section of",
            "the README;",
            "`python -m benchmarks.render` repeats only the writing. A sentence that the numbers",
            "contradict is an error.",
        ),
        bullets(
            [
                f"machine: {_machine(document)}, {machine['gigabytes']} GB, Python "
                f"{machine['python']}; load {machine['load_before']} before the run, which took "
                f"{document['seconds'] / 60:.0f} minutes on {document['measured']}",
                f"versions: {', '.join(versions)}"
                + (f"; not installed: {', '.join(absent)}" if absent else ""),
                f"times are wall times, medians of {rounds} rounds with the extremes in brackets; "
                "where it says *once*, or another round would have taken too long, there is one "
                "number. In a round all take turns, so that other work on the machine hits all "
                "alike, and ratios are formed within rounds",
                "data are random, with inputs and outputs k/100000 in [-1, 1], except for n = 5, "
                "d = 1, the reference instance of the paper; the ridge is 1/100",
            ]
        ),
    ]


def _systems(document: Document) -> list[str]:
    found = document["systems"]
    limits = ", ".join(f"{limit:g} s ({form})" for form, limit in found["limits"].items())
    return [
        "## The same systems for every peer",
        paragraph(
            "The reference instance with two units. Each system belongs to a support, the faces on",
            "which the units lie, and is given to four computer algebra systems and to PHCpack,",
            "which follows paths from a system with known solutions (blackbox solver in double",
            "precision, fixed seed, variables scaled by powers of two). The forms:",
        ),
        bullets(
            [
                "`reduced`: stationarity, of degree 2 ([theory.md](theory.md), section 4)",
                "`eliminated`: critical points of the paper's surrogate in the coordinates of "
                "section 13, the output weights as further unknowns",
                "`paper`: S_E as the paper prints it: numerators of the surrogate's gradient, off "
                "its denominator and off the zeros of all pre-activations. The algebra systems "
                "get these inequations with one more variable. PHCpack gets the numerators alone, "
                "and what violates an inequation is dropped afterwards",
            ]
        ),
        paragraph(
            f"Limits on one system: {limits}, on all systems of a form {found['allowance']:g} s",
            "for each peer in the first round; only what was answered is asked again. `reduced` is",
            "asked for every support, the others for a sample, with more of those that have a",
            "stationary point.",
        ),
        pipe_table(list(_system_rows(found["runs"]))),
        paragraph(
            "Seconds are for all finished systems together; the ratio is to `reduced` by flint on",
            "the supports that both finished.",
        ),
        pipe_table(list(_solution_rows(found["runs"]))),
        paragraph(
            "*Stationary* are the points with positive sums of squares and every unit on its face,",
            "compared with those that this package proves; a system that a peer gave up on counts",
            "as *unanswered*, not as *missed*. *Real* and *complex* solutions are compared with",
            "those of a computer algebra system that finished: real ones up to the signs of units,",
            "complex ones with multiplicity, over the systems that the peer answered. Points that",
            "agree to four digits are one.",
        ),
        bullets(list(_system_sentences(found["runs"]))),
        "### Curves of solutions",
        paragraph(
            "Two units on one face have a curve of critical points, so that the systems of the",
            "paper have infinitely many solutions there. The reduced form does not meet them.",
        ),
        pipe_table(
            [
                {
                    "form": run["form"],
                    "peer": run["peer"],
                    "systems": run["systems"],
                    "says: infinitely many": run["infinite"],
                    "gave up": _gave_up(run["gave_up"]),
                    "says: finitely many": run["listed"],
                    "points that it lists": run["points"],
                    "s": digits(run["seconds"]),
                }
                for run in document["repeated"]
            ]
        ),
        paragraph(
            "PHCpack looks for isolated solutions and does not say that there are others: what it",
            "lists here are points on such curves, or none.",
        ),
    ]


def _gave_up(reasons: Mapping[str, int]) -> str:
    return ", ".join(f"{count} ({kind})" for kind, count in reasons.items()) or "0"


def _system_rows(runs: Sequence[Document]) -> Iterator[dict[str, Any]]:
    for run in runs:
        yield {
            "form": run["form"],
            "peer": run["peer"],
            "finished": f"{run['finished']} of {run['systems']}",
            "gave up": _gave_up(run["gave_up"]),
            "not tried": run["not_tried"],
            "s": spread(run["seconds"]),
            "slowest, s": NOTHING if run["slowest"] is None else digits(run["slowest"]),
            "ratio": spread(run["ratio"]),
            "on": run["common"],
        }


def _solution_rows(runs: Sequence[Document]) -> Iterator[dict[str, Any]]:
    for run in runs:
        yield {
            "form": run["form"],
            "peer": run["peer"],
            **{
                f"{kind}: {part}": run[kind][part]
                for kind in ("stationary", "real")
                for part in ("found", "missed", "extra", "unanswered")
            },
            "complex": f"{run['complex']} of {run['degree']}",
        }


def _system_sentences(runs: Sequence[Document]) -> Iterator[str]:
    exact = [run for run in runs if run["peer"] != phc.NAME]
    yield said(
        "Where a computer algebra system finishes, it finds exactly the stationary points that are "
        "proved, and exactly the real solutions of the others.",
        all(run[k][p] == 0 for run in exact for k in ("stationary", "real") for p in WRONG),
    )
    for run in runs:
        if run["peer"] == phc.NAME:
            yield (
                f"PHCpack on `{run['form']}`: answers {run['finished']} of {run['systems']} "
                f"systems; {_misses(run['stationary'], 'stationary points')}; "
                f"{_misses(run['real'], 'real solutions')}."
            )
    for form in dict.fromkeys(run["form"] for run in runs):
        stopped = [run for run in runs if run["form"] == form and run["finished"] < run["systems"]]
        names = [f"{run['peer']} on {run['systems'] - run['finished']}" for run in stopped]
        yield f"On `{form}`, " + (
            f"giving up: {', '.join(names)} of {stopped[0]['systems']} systems."
            if names
            else "everyone finishes every system."
        )


WRONG = ("missed", "extra")
"""What should not be."""


def _misses(tally: Mapping[str, int], what: str) -> str:
    """Say how many points were missed, and how many were too many."""
    known = tally["found"] + tally["missed"]
    extra = f" and lists {tally['extra']} that are none" if tally["extra"] else ""
    return f"misses {tally['missed'] or 'none'} of {known} {what}{extra}"


def _ladders(document: Document) -> list[str]:
    ladders = document["ladders"]
    parts = [
        "## Instances that grow",
        paragraph(
            "Each peer is given larger and larger instances until one takes more than",
            f"{ladders[0]['limit']:g} s. Peers named by a form and an engine write down and solve",
            "the systems of all supports, one after the other, up to the real solutions, and prove",
            "nothing. Both engines of this package do the whole work: list of minima, exact",
            "verdicts, proof of completeness. All use one core.",
        ),
        "![Seconds against supports for each peer](images/benchmark_cost.svg)",
        "*The dotted line is the limit; who has a mark above it gave up.*",
        "![Times as long as the certified engine](images/benchmark_ratio.svg)",
        "*Arrows: who gave up on that instance takes at least so many times as long.*",
    ]
    for ladder in ladders:
        parts += [f"### {LADDERS[ladder['ladder']]}", pipe_table(list(_rung_rows(ladder)))]
        parts += [pipe_table(list(_end_rows(ladder))), bullets(list(_ladder_sentences(ladder)))]
    return parts


def _size(rung: Document) -> str:
    return f"n = {rung['n']}, L = {rung['width']}"


def _runs_of(ladder: Document, peer: str) -> list[tuple[Document, Document]]:
    """Return the rungs that a peer was asked for, with its runs."""
    pairs = ((rung, run) for rung in ladder["rungs"] for run in rung["peers"])
    return [(rung, run) for rung, run in pairs if run["peer"] == peer]


def _peers(ladder: Document) -> list[str]:
    return list(dict.fromkeys(run["peer"] for rung in ladder["rungs"] for run in rung["peers"]))


def _rung_rows(ladder: Document) -> Iterator[dict[str, Any]]:
    """Yield the times of all peers, a row for each instance."""
    for rung in ladder["rungs"]:
        runs = {run["peer"]: run for run in rung["peers"]}
        cells = {
            peer: NOTHING
            if peer not in runs
            else "gave up"
            if runs[peer]["gave_up"]
            else spread(runs[peer]["seconds"])
            for peer in _peers(ladder)
        }
        yield {"instance": _size(rung), "supports": f"{rung['supports']:,}", **cells}


def _end_rows(ladder: Document) -> Iterator[dict[str, Any]]:
    """Yield where each peer ends."""
    for peer in _peers(ladder):
        runs = _runs_of(ladder, peer)
        done = [(rung, run) for rung, run in runs if not run["gave_up"]]
        rung, run = runs[-1]
        lost = [(r["stationary"], x) for r, x in done if r["stationary"] is not None]
        yield {
            "peer": peer,
            "largest finished": f"{_size(done[-1][0])}: {done[-1][0]['supports']:,} supports"
            if done
            else "none",
            "times as long as the certified engine": spread(done[-1][1]["ratio"])
            if done
            else NOTHING,
            "gave up at": f"{_size(rung)}, after {run['done']:,} of {rung['supports']:,}"
            if run["gave_up"]
            else "not reached",
            "systems unanswered": sum(x["unanswered"] for _, x in done),
            "stationary points missed": sum(max(0, n - x["stationary"]) for n, x in lost)
            if lost
            else NOTHING,
            "of": sum(n for n, _ in lost),
        }


def _ladder_sentences(ladder: Document) -> Iterator[str]:
    last = {
        peer: max((g["supports"] for g, r in _runs_of(ladder, peer) if not r["gave_up"]), default=0)
        for peer in _peers(ladder)
    }
    others = {peer: size for peer, size in last.items() if peer != CERTIFIED}
    best = max(others, key=others.__getitem__)
    yield said(
        f"The certified engine comes to {last[CERTIFIED]:,} supports, the next best "
        f"({best}) to {others[best]:,}.",
        last[CERTIFIED] >= others[best],
    )
    lost = [peer for peer in others if last[peer] == 0]
    if lost:
        yield f"Not even the smallest instance: {'; '.join(lost)}."


def _reference(document: Document) -> list[str]:
    rows = [
        {
            "width": run["width"],
            "supports": run["supports"],
            "formulation": run["formulation"],
            "backend": run["backend"],
            "s": spread(run["seconds"])
            if run["seconds"]
            else f"not within {run['limit']:g}, or not all decided",
            "to reduced by auto": spread(run["ratio"]),
        }
        for run in document["reference"]
    ]
    return [
        "## Whole enumerations of the reference instance",
        paragraph(
            "What `reluenum minima` does on the five points of the paper, without the start of a",
            "process: by the Groebner engine in both formulations, with each backend and with",
            "`auto` (FLINT while a system is easy, then whatever finishes), and by the certified",
            "engine.",
        ),
        pipe_table(rows),
    ]


def _certificates(document: Document) -> list[str]:
    rows = [
        {
            "instance": _size(run),
            "supports": f"{run['supports']:,}",
            **{
                f"{stage}, µs a support": digits(1e6 * run[stage]["median"] / run["supports"])
                for stage in ("survey", "prove", "verify")
            },
            "verify / (survey + prove)": spread(run["ratio"]),
        }
        for run in document["proofs"]
    ]
    return [
        "## The certified engine: stages, and large instances",
        paragraph(
            "In one process on one core: `survey` decides all supports in batches, `prove` makes",
            "certificate and document of their records, `verify` is the independent checker.",
        ),
        pipe_table(rows),
        paragraph(
            "From the command line, with start and reading, each *once*; memory is that of the",
            "largest process:",
        ),
        pipe_table([_large_row(run) for run in document["large"]]),
    ]


def _trees(document: Document) -> list[str]:
    rows = [
        {
            "instance": f"n = {run['n']}, d = {run['d']}, L = {run['width']}",
            **{name: f"{run[name]:,}" for name in ("components", "basins", "merges", "deaths")},
            **{stage: seconds(run[stage]["median"]) for stage in ("list", "tree")},
            "tree / list": spread(run["ratio"]),
        }
        for run in document["trees"]
    ]
    return [
        "## Merge trees",
        paragraph(
            "Basins, barriers and the paths over them ([basins.md](basins.md)), after the list of",
            "the certified engine and in its process; `deaths` are merges at which a unit dies.",
        ),
        pipe_table(rows),
    ]


def _large_row(run: Document) -> dict[str, Any]:
    verify = run["verify_seconds"]
    return {
        "instance": run["instance"],
        "supports": f"{run['supports']:,}",
        "processes": run["jobs"],
        "list and certificate": seconds(run["seconds"]),
        "supports/s and core": digits(run["supports"] / run["seconds"] / run["jobs"]),
        "MB": digits(run["megabytes"]),
        "`verify`": seconds(verify),
        "`verify` MB": NOTHING if verify is None else digits(run["verify_megabytes"]),
        "`verify` / list": NOTHING if verify is None else digits(verify / run["seconds"]),
        "in double precision": _share(run["double"]),
        "components": f"{run['components']:,}",
    }


def _share(share: float) -> str:
    """Write a share so that what is missing shows."""
    return f"{100 * share:.4f} %"


def _earlier(earlier: Document) -> list[str]:
    hours, overlapping = earlier["paper_hours"], earlier["paper_overlapping"]
    fastest, slowest = overlapping["value"]
    longer = [
        f"{run['instance']}: "
        + (f"list and certificate {run['seconds']} s" if "seconds" in run else "")
        + (f"`verify` {run['verify_seconds']} s" if "verify_seconds" in run else "")
        + f" ({run['how']}, {run['when']})"
        for run in earlier["large"]
    ]
    return [
        "## Longer measurements, made once",
        paragraph("These were made before and are not repeated by `make bench`:"),
        bullets(
            [
                f"The paper's full system of a pair of overlapping units takes {fastest:.0f} to "
                f"{slowest:.0f} s ({overlapping['how']}, {overlapping['when']}).",
                f"All 1024 patterns of the reference instance with their boundaries, as printed, "
                f"take an estimated {hours['value']} hours ({hours['how']}, {hours['when']}).",
                *longer,
            ]
        ),
    ]


def readme(document: Document) -> str:
    """Return the section of README.md."""
    times = {(r["width"], r["formulation"], r["backend"]): r for r in document["reference"]}
    widths = sorted({r["width"] for r in document["reference"]})
    reduced = [times[width, "reduced", "auto"] for width in widths]
    certified = [times[width, "certified", "auto"] for width in widths]
    eliminated = [times[width, "eliminated", "auto"] for width in widths]
    earlier, minutes = document["earlier"], document["seconds"] / 60
    fastest, slowest = earlier["paper_overlapping"]["value"]
    faster = [median(run) / median(c) for run, c in zip(reduced, certified, strict=True)]
    parts = [
        f"One process on one of {_machine(document)}, the reference instance at ridge 1/100:",
        pipe_table(
            [
                {
                    "width": run["width"],
                    "activation patterns": f"{run['sign_matrices']} sign matrices, "
                    f"{run['patterns']} realisable up to permutation",
                    "supports": run["supports"],
                    "Groebner engine": seconds(median(run)),
                    "certified engine": seconds(median(proved)),
                }
                for run, proved in zip(reduced, certified, strict=True)
            ]
        ),
        f"The certified engine is {_listed([digits(x) for x in faster])} times faster. On its own "
        "sizes, random data at ridge 1/100, each run once, with 2 cores where the instance is "
        "marked ×2:",
        pipe_table([_readme_row(run) for run in _joined(document["large"], earlier["large"])]),
        "† An earlier, longer measurement that `make bench` does not repeat; "
        "[docs/benchmarks.md](docs/benchmarks.md) says when and how it was made.",
        "Boxes of directions (`--engine branch`) reach much larger data, since most supports are "
        "excluded many at a time; CPU time of the list and its proof:",
        fitting_table(pd.read_csv(TABLE)),
        "The eliminated formulation takes "
        + _listed([f"{seconds(median(r))} at width {r['width']}" for r in eliminated])
        + " in the coordinates of [docs/theory.md](docs/theory.md), section 13. Written as in the "
        f"paper, a pair of overlapping units takes {fastest:.0f} to {slowest:.0f} s† with msolve, "
        "and all 1024 patterns with their boundaries an estimated "
        f"{earlier['paper_hours']['value']} hours†.",
        "[docs/benchmarks.md](docs/benchmarks.md) gives the same systems to four computer algebra "
        "systems and to PHCpack, counts what each of them misses, and lets instances grow until "
        f"each gives up; `make bench` measures all of it again (this took {minutes:.0f} minutes).",
    ]
    return "\n\n".join(part if part.startswith("|") else _wide(part) for part in parts)


def _wide(text: str) -> str:
    """Return a paragraph in lines as long as those of README.md."""
    return fill(text, README_LINE, break_on_hyphens=False, break_long_words=False)


def _listed(texts: Sequence[str]) -> str:
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)


def _joined(large: Sequence[Document], earlier: Sequence[Document]) -> list[dict[str, Any]]:
    """Return the large instances; what was not measured in this run comes from earlier ones."""
    rows = {run["instance"]: {**run, "old": ()} for run in large}
    for run in earlier:
        row = rows.setdefault(run["instance"], {"verify_seconds": None, "old": ()})
        keys = [k for k in run if k not in ("when", "how") and row.get(k) is None]
        row |= {key: run[key] for key in keys} | {"old": (*row["old"], *keys)}
    return [row for row in rows.values() if "seconds" in row]


def _readme_row(run: Document) -> dict[str, Any]:
    def marked(key: str, text: str) -> str:
        return f"{text}†" if key in run["old"] else text

    return {
        "instance": run["instance"] + (" (×2)" if run["jobs"] == 2 else ""),
        "supports": f"{run['supports']:,}",
        "list and certificate": marked("seconds", seconds(run["seconds"])),
        "memory": marked("megabytes", f"{run['megabytes'] / 1000:.1f} GB"),
        "`verify`": marked("verify_seconds", seconds(run["verify_seconds"])),
        "in double precision": marked("double", _share(run["double"])),
        "components": marked("components", f"{run['components']:,}"),
    }


def main() -> None:
    """Write everything."""
    document = json.loads(TARGET.read_text(encoding="utf-8"))
    for name, draw in PLOTS.items():
        save_figure(draw(document), IMAGES / name, ("svg",))
    write_text(PAGE, page(document))
    write_text(
        README, with_section(README.read_text(encoding="utf-8"), "benchmarks", readme(document))
    )


if __name__ == "__main__":
    main()
