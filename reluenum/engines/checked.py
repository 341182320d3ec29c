"""Lists of several hidden layers that are called complete once the checker has proved them."""

from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from tqdm import tqdm

from reluenum.documents.files import write_text
from reluenum.documents.minima import minima_document
from reluenum.documents.results import to_json
from reluenum.engines.fans.route import FanEngine
from reluenum.engines.spires.route import SpireEngine
from reluenum.engines.towers.route import TowerEngine
from reluenum.groebner.backends import DEFAULT_SETTINGS, Settings
from reluenum.groebner.workers import WORKERS
from reluenum.landscape.deep import ranked_deep
from reluenum.landscape.landscape import CertifiedLandscape, Undecided
from reluenum.problem import Problem
from reluenum.verify import CertificateError, verify


@dataclass(frozen=True)
class CheckedEngine:
    """An `Engine` whose lists are complete only if `reluenum verify` proves them.

    Solver and checker share nothing, so exact coincidences of the data may be clear to the one
    and not to the other. A list that is not proved is not called complete.

    Parameters
    ----------
    engine : TowerEngine, SpireEngine or FanEngine
        Which makes the lists.
    """

    engine: TowerEngine | SpireEngine | FanEngine

    def refuse_astronomical(self, problem: Problem) -> None:
        """Refuse a problem that is too large to be started without being asked twice."""
        self.engine.refuse_astronomical(problem)

    def landscape(
        self, problem: Problem, settings: Settings = DEFAULT_SETTINGS
    ) -> CertifiedLandscape:
        """Find every local minimum of a problem, and see that the record proves it."""
        found = self.engine.landscape(problem, settings)
        doubt = _doubt(found, settings) if found.is_complete else ""
        if not doubt:
            return found
        reason = f"all strata were decided, but the checker did not prove the list: {doubt}"
        components = ranked_deep(found.components, False)
        return replace(found, components=components, undecided=(Undecided("", reason),))


def _doubt(found: CertifiedLandscape, settings: Settings) -> str:
    """Return what the checker does not take for proved; nothing if all is."""
    document = to_json(minima_document(found))
    bar = {"total": 1, "desc": "proved by the checker", "unit": "list"}
    shown = tqdm(**bar, disable=not settings.progress)
    with TemporaryDirectory(prefix="reluenum-") as folder, shown as done:
        path = Path(folder, "minima.json")
        write_text(path, document)
        try:
            verify(path, None, settings.jobs, WORKERS)
        except CertificateError as error:
            return str(error)
        done.update()
    return ""
