"""Write docs/paper_route.md: the reference experiment by the paper's own route."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from tabulate import tabulate

from reluenum import Problem
from reluenum.datasets.families import reference_data
from reluenum.documents.minima import minima_document
from reluenum.engines.eliminated.products import ProductOutcome, is_origin
from reluenum.engines.formulations import ELIMINATED
from reluenum.geometry.geometry import Geometry
from reluenum.geometry.patterns import patterns
from reluenum.geometry.sign_matrices import refute_all
from reluenum.groebner.backends import open_backends
from reluenum.landscape.landscape import CertifiedLandscape
from reluenum.problem import parse_ridge
from reluenum.views.facts import facts

OPENING = """\
# The reference experiment by the paper's own route

The five points of Fukasaku, Kabata and Okuno, two hidden units, ridge 1/100, formulation
`eliminated`: the surrogate of every pattern and every boundary, its critical points, and the
classical conditions. Nothing here uses Theorems A to E, except that *global at every width* is
Theorem C. `make paper-route` writes this page; a test compares it with what is computed. The same
from the command line:

```sh
reluenum data reference --output data.csv
reluenum minima data.csv --width 2 --ridge 1/100 --formulation eliminated --all-patterns \\
    --output minima.json
reluenum facts minima.json
```

and as a workflow, `snakemake --cores 2 --configfile config/paper_route.yaml`, with a job for every
eight patterns.

[crosscheck.md](crosscheck.md) compares formulations and engines on this instance and gives times.
"""

KINDS = {
    "a unit that no point activates": lambda faces: any(
        not face.active and not is_origin(face) for face in faces
    ),
    "a zero unit": lambda faces: any(is_origin(face) for face in faces),
    "both units on one face": lambda faces: len(set(faces)) < len(faces),
    "a unit on a boundary": lambda faces: any(face.zeros for face in faces),
    "interior of a pattern": lambda faces: True,
}
"""Kinds of products of faces; the first that applies counts."""


def main(target: Path) -> None:
    """Run the experiment and write the page."""
    problem = Problem(*reference_data(), 2, parse_ridge("1/100"))
    geometry = Geometry.of(problem)
    with open_backends() as engine:
        solve = ELIMINATED.solver(geometry, engine)
        outcomes = [o for pattern in patterns(geometry.arrangement, 2) for o in solve(pattern)]
    merged = ELIMINATED.merge(geometry, outcomes)
    found = replace(
        ELIMINATED.certify(merged, geometry),
        sign_matrices=refute_all(geometry).to_document(),
    )
    document = minima_document(found)
    sections = {
        "The paper's statements": "\n".join(f"- {fact}" for fact in facts(document)),
        "Products of faces": products_table(outcomes),
        "Local minima": components_table(document["components"]),
        "Verdicts of the classical conditions": verdicts_table(found),
    }
    bodies = [f"\n## {title}\n\n{body}\n" for title, body in sections.items()]
    target.write_text("".join([OPENING, *bodies]), encoding="utf-8")


def markdown_table(titles: Sequence[str], rows: Sequence[Sequence]) -> str:
    """Return rows as a table."""
    return tabulate(rows, titles, tablefmt="pipe", disable_numparse=True)


def products_table(outcomes: Iterable[ProductOutcome]) -> str:
    """Return how many products of each kind have real or complex critical points."""
    rows = {kind: Counter() for kind in reversed(KINDS)}
    for outcome in outcomes:
        kind = next(kind for kind, applies in KINDS.items() if applies(outcome.faces))
        found = outcome.critical
        rows[kind].update(
            products=1,
            empty=found.dimension < 0,
            curves=found.dimension > 0,
            complex=found.degree or 0,
            inside=len(found.points),
        )
    header = {
        "products": "products",
        "empty": "no solution",
        "curves": "a curve of solutions",
        "complex": "complex solutions up to signs",
        "inside": "critical points in the open faces",
    }
    total = sum(rows.values(), Counter())
    listed = [*rows.items(), ("all", total)]
    table = [[kind, *(count[key] for key in header)] for kind, count in listed]
    return markdown_table(["the product has", *header.values()], table)


def components_table(components: Sequence[dict]) -> str:
    """Return the components of local minima."""
    table = []
    for component in components:
        groups = component["strata"][0]["support"]
        faces = ", ".join(f"`{g['face']}`" + f" x {g['multiplicity']}" for g in groups)
        table.append(
            [
                component["loss"][:14],
                component["dimension"],
                faces,
                "yes" if component["on_boundary"] else "no",
                "yes" if component["global_at_width"] else "no",
                component["orbit_size"],
            ]
        )
    titles = ["loss", "dimension", "faces", "on a boundary", "global", "labelled copies"]
    return markdown_table(titles, table)


def verdicts_table(found: CertifiedLandscape) -> str:
    """Return how often each classical condition decides."""
    kinds = Counter(
        (
            "with a zero unit" if row.with_zero_units else "living units",
            row.judgement.minimality.value,
            row.judgement.reason,
        )
        for row in found.points
    )
    table = [[*kind, count] for kind, count in sorted(kinds.items())]
    return markdown_table(["critical points", "verdict", "condition", "number"], table)


if __name__ == "__main__":
    main(Path(__file__).parents[1] / "paper_route.md")
