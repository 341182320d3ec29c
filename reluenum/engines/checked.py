"""Lists that are called complete once the checker has proved them."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Protocol

from flint import fmpq
from tqdm import tqdm

from reluenum.documents.bars import box_bar
from reluenum.documents.claims import claimed
from reluenum.documents.faces import with_table
from reluenum.documents.minima import minima_document
from reluenum.errors import InputError
from reluenum.groebner.backends import DEFAULT_SETTINGS, Settings
from reluenum.groebner.workers import WORKERS
from reluenum.landscape.deep import ranked_deep
from reluenum.landscape.landscape import CertifiedLandscape, Undecided, ranked
from reluenum.problem import Problem
from reluenum.verify import CertificateError, RefusedBoxesError, verify, verify_boxes

if TYPE_CHECKING:
    from reluenum.engines.cones.route import DirectionEngine
    from reluenum.engines.deep.covers import CoverEngine
    from reluenum.engines.deep.systems.stratum import DeepStratum
    from reluenum.engines.trees.tree import BoxTree

MOST_SEARCHES = 3
"""How often boxes are searched, at most, before a list is not called complete."""

LARGEST = fmpq(10) ** 24
"""Data and bounds of squares beyond it, or as near to 0, are not asked about in doubles."""


class ListMaker(Protocol):
    """An `Engine` whose lists are complete as far as it knows."""

    def refuse_astronomical(self, problem: Problem) -> None:
        """Refuse a problem that is too large to be started without being asked twice."""

    def landscape(self, problem: Problem, settings: Settings) -> CertifiedLandscape:
        """Find every local minimum of a problem."""


@dataclass(frozen=True)
class CheckedEngine:
    """An `Engine` whose lists are complete only if `reluenum verify` proves them.

    Solver and checker share nothing, so exact coincidences of the data may be clear to the one
    and not to the other. A list that is not proved is not called complete.

    Parameters
    ----------
    engine : ListMaker
        Which makes the lists: of several hidden layers, or by boxes of directions.
    """

    engine: ListMaker

    def refuse_astronomical(self, problem: Problem) -> None:
        """Refuse a problem that is too large to be started without being asked twice."""
        self.engine.refuse_astronomical(problem)

    def landscape(
        self, problem: Problem, settings: Settings = DEFAULT_SETTINGS
    ) -> CertifiedLandscape:
        """Find every local minimum of a problem, and see that the record proves it."""
        found = self.engine.landscape(problem, settings)
        doubt = _doubt(found, settings) if found.is_complete else None
        return doubted(found, str(doubt)) if doubt else found


@dataclass(frozen=True)
class CheckedSearch:
    """The same for an engine that excludes boxes of directions.

    Boxes that the checker does not see to be empty, though the search did, are searched again with
    larger margins: most of them are near a box with a minimum, and end as leaves.

    Parameters
    ----------
    engine : DirectionEngine
    """

    engine: "DirectionEngine"

    def refuse_astronomical(self, problem: Problem) -> None:
        """Refuse a problem that is too large to be started without being asked twice."""
        self.engine.refuse_astronomical(problem)

    def landscape(
        self, problem: Problem, settings: Settings = DEFAULT_SETTINGS
    ) -> CertifiedLandscape:
        """Find every local minimum of a problem, and see that the tree proves it."""
        tree = self.engine.of(problem).whole(problem, settings)
        return self.proved(problem, tree, settings)

    def proved(self, problem: Problem, tree: "BoxTree", settings: Settings) -> CertifiedLandscape:
        """List the minima on the leaves of a tree, and see that it proves them.

        What the checker has seen of a box is not asked again when others were searched again.
        """
        from reluenum.engines.trees.certificate import tree_record
        from reluenum.engines.trees.engine import Doubted

        engine, known = self.engine.of(problem), set()
        for times in range(1, MOST_SEARCHES):
            record = tree_record(engine.head(problem), tree)
            places = () if tree.open else _refused_boxes(problem, record, settings, known)
            if not places:
                break
            tree = engine.again(problem, tree, Doubted(places, times), settings)
        found = engine.listed(problem, tree, settings)
        doubt = _doubt(found, settings, known) if found.is_complete else None
        return doubted(found, str(doubt)) if doubt else found


def _refused_boxes(
    problem: Problem, record: dict[str, Any], settings: Settings, known: set[bytes]
) -> tuple[int, ...]:
    """Return the places of boxes that the checker does not see to be as a tree says.

    What else it says against a tree comes up when it proves the list.
    """
    given = json.loads(json.dumps(problem.to_document()))
    try:
        with box_bar(settings.progress) as told:
            verify_boxes(given, record, settings.jobs, told, known)
    except RefusedBoxesError as refused:
        return refused.places
    except CertificateError:
        pass
    return ()


def doubted(found: CertifiedLandscape, doubt: str) -> CertifiedLandscape:
    """Return a landscape as one that is not complete, since the checker did not prove it."""
    deep = bool(found.problem.upper)
    parts, again = ("strata", ranked_deep) if deep else ("leaves", ranked)
    reason = f"all {parts} were decided, but the checker did not prove the list: {doubt}"
    nothing = Undecided("" if deep else (), reason)
    components = again(found.components, False)
    return replace(found, components=components, undecided=(nothing,), written=None)


@contextmanager
def search_beside(output: Path | None, seconds: float = inf) -> Iterator[CheckedSearch]:
    """Provide the engine that excludes boxes; what it searches is kept beside a document.

    A search that was stopped goes on when it is started again. Nothing is kept once the document
    is written, unless boxes are open in it, nor if there was no search.

    Parameters
    ----------
    output : Path or None
        Of the document that is to be written.
    seconds : float
        After them boxes are left open, and the list is not complete.

    Raises
    ------
    IncompleteRunError
        If another run is at work on the same document.
    """
    from reluenum.engines.cones.route import DirectionEngine
    from reluenum.engines.trees.certificate import has_open

    if output is None:
        yield CheckedSearch(DirectionEngine(seconds))
        return
    with claimed(output.with_name(f"{output.name}.parts")) as folder:
        kept, written = folder / "tree", False
        try:
            yield CheckedSearch(DirectionEngine(seconds, kept))
            written = True
        finally:
            if (written and not has_open(kept)) or not kept.exists():
                shutil.rmtree(folder, ignore_errors=True)  # another run may be looking into it


def _doubt(
    found: CertifiedLandscape, settings: Settings, known: set[bytes] | None = None
) -> CertificateError | None:
    """Return why the checker does not take a list for proved; None if it does."""
    document = found.written or minima_document(found)
    bar = {"total": 1, "desc": "proved by the checker", "unit": "list"}
    with tqdm(**bar, disable=not settings.progress) as done:
        refused = _refused(document, settings.jobs, known)
        done.update(not refused)
    return refused


def refusal(document: Mapping[str, Any], jobs: int = 1) -> str:
    """Return why the checker does not prove a document; nothing if it does.

    Parameters
    ----------
    document : dict
        With its certificate inside.
    jobs : int
        Number of processes, or of threads.

    Examples
    --------
    >>> refusal({"format": "reluenum-minima"})
    'version: None should be 1'
    """
    return str(_refused(document, jobs) or "")


def _refused(
    document: Mapping[str, Any], jobs: int, known: set[bytes] | None = None
) -> CertificateError | None:
    with TemporaryDirectory(prefix="reluenum-") as folder:
        path = Path(folder, "document.json")
        path.write_text(json.dumps(with_table(document)), encoding="utf-8")
        try:
            verify(path, None, jobs, WORKERS, known=known)
        except CertificateError as error:
            return error
    return None


def certified_layers(
    problem: Problem, asked: "tuple[DeepStratum, ...] | None" = None
) -> "CoverEngine":
    """Return the certified engine for the widths of a problem, which is imported here.

    Raises
    ------
    InputError
        If there is none, or if the numbers are too far apart for doubles.
    """
    _refuse_extremes(problem)
    if problem.hidden[1:] == (1,):
        from reluenum.engines.towers.route import TowerEngine

        return TowerEngine(asked)
    if problem.hidden[1:] == (1, 1):
        from reluenum.engines.spires.route import SpireEngine

        return SpireEngine(asked)
    if len(problem.hidden) == 2 and problem.hidden[0] == 1:
        from reluenum.engines.fans.route import FanEngine

        return FanEngine(asked)
    widths = ",".join(map(str, problem.hidden))
    found = f"certified with hidden layers of widths {widths}"
    raise InputError("engine", found, "groebner, or widths L,1 or L,1,1 or 1,L")


def _refuse_extremes(problem: Problem) -> None:
    """Refuse numbers with which nothing can be proved in doubles, or little after a long time."""
    ridge = problem.effective_ridge
    numbers = [*chain.from_iterable(problem.inputs), *problem.targets, *problem.weights, ridge]
    numbers.append(problem.energy / ridge)
    for number in filter(None, map(abs, numbers)):
        if not 1 / LARGEST < number < LARGEST:
            size = f"10^{len(str(number.p)) - len(str(number.q))}"
            found = f"certified with data, a ridge or |y|^2 / ridge of about {size}"
            raise InputError("engine", found, "numbers within 10^-24 and 10^24, or groebner")
