"""The statements of Fukasaku, Kabata and Okuno about an instance, checked on its document.

They report, for five points and two hidden units, 1024 sign matrices, connected solution sets in
spite of the ridge, and isolated minima on boundaries only. Whether that is so is a fact about
every instance.
"""

from collections import Counter
from dataclasses import dataclass

from flint import fmpz

from reluenum.documents.labels import Document
from reluenum.landscape.landscape import Completeness


@dataclass(frozen=True)
class Fact:
    """A statement about an instance.

    Parameters
    ----------
    statement : str
    holds : bool or None
        None if undecided supports leave it open.
    evidence : str
        The numbers behind it.
    """

    statement: str
    holds: bool | None
    evidence: str

    def __str__(self) -> str:
        verdict = {True: "holds", False: "does not hold", None: "is open"}[self.holds]
        return f"{self.statement}: {verdict} ({self.evidence})"


def facts(document: Document) -> tuple[Fact, ...]:
    """Return the statements, each checked, and whether the list they speak of is complete.

    That about sign matrices belongs to one hidden layer.
    """
    shallow = "width" in document["problem"]
    return (
        *([_patterns(document)] if shallow else []),
        _connected_sets(document),
        _isolated_on_boundary(document),
        _complete_facts(document),
    )


def facts_text(document: Document) -> str:
    """Return one line per fact."""
    return "".join(f"{fact}\n" for fact in facts(document))


def _patterns(document: Document) -> Fact:
    problem, counts = document["problem"], document["enumeration"]
    points, width = len(problem["y"]), problem["width"]
    statement = f"there are 2^({points} * {width}) = {counts['sign_matrices']} sign matrices"
    kept = (
        f"{counts['realisable_patterns']} realisable, "
        f"{counts['patterns_up_to_permutation']} up to permutation of the units"
    )
    holds = counts["sign_matrices"] == str(fmpz(2) ** (points * width))  # of any length
    examined = document.get("sign_matrices")
    if examined is None:
        return Fact(statement, holds, kept)
    total = int(examined["refuted"]) + examined["realisable"]
    evidence = (
        f"{examined['examined']} examined one by one: {kept}, "
        f"{examined['refuted']} refuted with a certificate"
    )
    return Fact(statement, holds and str(total) == examined["examined"], evidence)


def _connected_sets(document: Document) -> Fact:
    dimensions = Counter(component["dimension"] for component in document["components"])
    found = [f"{dimensions[k]} of dimension {k}" for k in sorted(dimensions)]
    holds = True if max(dimensions, default=0) > 0 else _if_complete(document, False)
    statement = "some local minima form a connected set of positive dimension"
    return Fact(statement, holds, "components: " + ", ".join(found))


def _isolated_on_boundary(document: Document) -> Fact:
    isolated = [c["on_boundary"] for c in document["components"] if c["dimension"] == 0]
    holds = _if_complete(document, True) if all(isolated) else False
    evidence = f"{sum(isolated)} of {len(isolated)}"
    return Fact("every isolated local minimum lies on a boundary", holds, evidence)


def _complete_facts(document: Document) -> Fact:
    evidence = f"{document['enumeration']['undecided']} undecided"
    if document["complete"] and "completeness" in document:
        evidence += f"; {Completeness(document['completeness']).words}"
    return Fact("the list of local minima is complete", document["complete"], evidence)


def _if_complete(document: Document, holds: bool) -> bool | None:
    """Return what holds for all minima if all are known."""
    return holds if document["complete"] else None
