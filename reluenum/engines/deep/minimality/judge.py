"""Whether a stationary deep network is a local minimum, with a network below if not."""

from dataclasses import dataclass

import numpy as np
from numpy.linalg import LinAlgError

from reluenum.engines.deep.cells.kinks import Surroundings
from reluenum.engines.deep.cells.witnesses import DeepDescent, descent
from reluenum.engines.deep.minimality.dormancy import dormancy
from reluenum.engines.deep.minimality.live import DeepVerdict, Finding, examine_live_part
from reluenum.engines.deep.systems.networks import ScaledNetwork


@dataclass(frozen=True, eq=False)
class Judged:
    """A stationary network with its verdict.

    Parameters
    ----------
    network : ScaledNetwork
    verdict : DeepVerdict
    reason : str
    descent : DeepDescent or None
        Of a rejected one.
    """

    network: ScaledNetwork
    verdict: DeepVerdict
    reason: str
    descent: DeepDescent | None = None

    @property
    def signs(self) -> tuple[tuple[str, ...], ...]:
        """Signs of all units at all sites, by layer."""
        return self.network.signs


def judge(network: ScaledNetwork) -> Judged:
    """Decide whether a stationary network is a local minimum; if not, show a network below.

    Dead layers count, whatever their widths, dead units of live layers do not. Undecided if
    numbers are so far apart that guesses in doubles fail.
    """
    try:
        with np.errstate(all="ignore"):
            return _with_verdict(network)
    except LinAlgError as error:
        reason = f"a guess in doubles failed: {error}"
        return Judged(network, DeepVerdict.UNDECIDED, reason)


def _with_verdict(network: ScaledNetwork) -> Judged:
    found = examine_live_part(network)
    lowest = network.stratum.lowest
    if lowest and found.verdict is DeepVerdict.MINIMUM:
        found = _with_dead_layers(network, lowest) or found
    if found.move is None:
        return Judged(network, found.verdict, found.reason)
    below = descent(Surroundings(network), found.move, found.reason)
    if below is None:
        reason = f"{found.reason}, but no network below was found"
        return Judged(network, DeepVerdict.UNDECIDED, reason)
    return Judged(network, found.verdict, found.reason, below)


def _with_dead_layers(network: ScaledNetwork, layer: int) -> Finding | None:
    """Return why a network whose layers up to one are dead is no minimum, or may be none."""
    found = dormancy(network, layer)
    if found.harmless:
        return None
    verdict = DeepVerdict.UNDECIDED if found.harmless is None else DeepVerdict.SECOND_ORDER
    return Finding(verdict, found.reason, found.move)
