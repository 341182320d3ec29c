"""The engines behind one protocol; each is imported when it is chosen."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple, Protocol

from reluenum.errors import InputError
from reluenum.geometry.bounds import face_bound
from reluenum.geometry.supports import count_supports
from reluenum.groebner.backends import DEFAULT_SETTINGS, Settings
from reluenum.landscape.landscape import CertifiedLandscape
from reluenum.problem import Problem

if TYPE_CHECKING:
    from reluenum.engines.creases.proved import CertifiedCreaseEngine
    from reluenum.engines.creases.route import CreaseEngine
    from reluenum.engines.deep.systems.stratum import DeepStratum
    from reluenum.engines.hinges.route import HingeEngine
    from reluenum.engines.layers import LayerEngine


class Engine(Protocol):
    """A way from a problem to its landscape."""

    def refuse_astronomical(self, problem: Problem) -> None:
        """Refuse a problem that is too large to be started without being asked twice.

        Raises
        ------
        TooManySupportsError
        """

    def landscape(
        self, problem: Problem, settings: Settings = DEFAULT_SETTINGS
    ) -> CertifiedLandscape:
        """Find every local minimum of a problem and prove that none is missing."""


ENGINES = ("groebner", "certified", "branch")
"""How supports are decided: one polynomial system each, in batches by rigorous numerics, or
by boxes of directions most of which are excluded at once."""

AUTO = "auto"
"""The fastest one of those that prove what they list, if there is one."""

MANY = {1: 10_000, 2: 10_000, 3: 30_000, 4: 500_000}
"""For each width the number of supports, of inputs on a line, from which on excluding boxes is
faster, as measured: until the list is there, with the check that the engine of boxes asks for."""

MANY_IN_SPACE = {2: 50_000, 3: 100_000, 4: 1_000_000}
"""The same for more inputs; of one unit supports are never too many."""

REDUCED = "reduced"
"""The formulation that every engine has."""


def engine_of(name: str, formulation_name: str = REDUCED, all_patterns: bool = False) -> Engine:
    """Return an engine by its name and those of its parts.

    Raises
    ------
    InputError
        If there is none of that name, or it has no such parts.
    """
    _check_name(name)
    if name == "groebner":
        from reluenum.engines.formulations import formulation
        from reluenum.engines.groebner import GroebnerEngine

        return GroebnerEngine(formulation(formulation_name), all_patterns)
    if formulation_name != REDUCED:
        raise InputError("formulation", repr(formulation_name), f"none beside the {name} engine")
    if all_patterns:
        raise InputError("all_patterns", "True", f"False beside the {name} engine")
    if name == "branch":
        from reluenum.engines.checked import CheckedSearch
        from reluenum.engines.cones.route import DirectionEngine

        return CheckedSearch(DirectionEngine())
    from reluenum.engines.certified.prove import CertifiedEngine

    return CertifiedEngine()


def _check_name(name: str) -> None:
    """Refuse the name of an engine that there is not."""
    if name not in ENGINES:
        raise InputError("engine", repr(name), f"one of {', '.join((*ENGINES, AUTO))}")


class Fastest(NamedTuple):
    """The engine that `AUTO` stands for, and why."""

    engine: str
    reason: str


def fastest(problem: Problem) -> Fastest:
    """Return the engine that `AUTO` stands for.

    Examples
    --------
    >>> fastest(Problem.from_text([["0"], ["1"]], ["0", "2"], 1, "1/2"))
    Fastest(engine='certified', reason='up to 9 supports, at most 10,000')
    >>> fastest(Problem.from_text([[str(x)] for x in range(99)], list("012") * 33, 2, "1/2"))
    Fastest(engine='branch', reason='up to 79,003 supports, more than 10,000')
    >>> fastest(Problem.from_text([["0"], ["1"]], ["0", "2"], [2, 2], "1/2")).engine
    'groebner'
    """
    if problem.upper:
        from reluenum.engines.checked import certified_layers

        try:
            certified_layers(problem)
        except InputError:
            return Fastest("groebner", "nothing else lists networks of these widths")
        return Fastest("certified", "its lists are proved")
    if problem.has_free_hidden_bias:
        if problem.dimension > 1:
            return Fastest("certified", "its lists are proved")
        return Fastest("certified", "hidden biases without penalty have one engine")
    if not problem.activation.is_relu:
        return Fastest("certified", f"boxes are for relu, not {problem.activation.text}")
    if not problem.has_hidden_bias:
        return Fastest("certified", "the only fast one without hidden bias")
    if problem.has_linear:
        return Fastest("certified", "the only fast one with a linear part")
    most = (MANY if problem.dimension == 1 else MANY_IN_SPACE).get(problem.width)
    if most is None:
        return Fastest("certified", f"{problem.width} units, d = {problem.dimension}")
    expected = count_supports(face_bound(len(problem.sites), problem.dimension), problem.width)
    if expected <= most:
        return Fastest("certified", f"up to {expected:,} supports, at most {most:,}")
    if problem.dimension > 1:
        from reluenum.engines.cones.rays import base_of

        if len(base_of(problem)) <= problem.dimension:
            return Fastest("certified", "inputs that a smaller plane or line contains")
    return Fastest("branch", f"up to {expected:,} supports, more than {most:,}")


def engine_for(
    problem: Problem,
    name: str,
    formulation_name: str = REDUCED,
    all_patterns: bool = False,
    supports: Iterable[tuple[str, str]] | None = None,
) -> Engine:
    """Return the engine of a name for the number of hidden layers of a problem.

    Parameters
    ----------
    problem : Problem
    name, formulation_name : str
        That of an engine may be `AUTO`.
    all_patterns : bool
    supports : iterable of (str, str), optional
        With several hidden layers, the only ones to look at; see `asked_strata`.

    Raises
    ------
    InputError
        If there is none, or it has no such parts.
    """
    if name == AUTO:
        name = fastest(problem).engine
    if not problem.upper:
        if supports is not None:
            raise InputError("supports", "given with one hidden layer", "several hidden layers")
        if problem.has_free_hidden_bias:
            return _free_engine(problem, name, formulation_name, all_patterns)
        return engine_of(name, formulation_name, all_patterns)
    _check_name(name)
    depth = f"with {len(problem.hidden)} hidden layers"
    if name == "branch":
        raise InputError("engine", f"branch {depth}", "groebner or certified")
    if formulation_name != REDUCED:
        raise InputError("formulation", f"{formulation_name} {depth}", REDUCED)
    if all_patterns:
        raise InputError("all_patterns", f"True {depth}", "False")
    asked = None
    if supports is not None:
        from reluenum.engines.layers import asked_strata

        asked = asked_strata(problem, supports)
    if name == "groebner":
        return layer_engine(asked)
    from reluenum.engines.checked import CheckedEngine, certified_layers

    return CheckedEngine(certified_layers(problem, asked))


def _free_engine(
    problem: Problem, name: str, formulation_name: str, all_patterns: bool
) -> "HingeEngine | CreaseEngine | CertifiedCreaseEngine":
    """Return an engine for hidden biases without penalty; of inputs on a line there is one."""
    _check_name(name)
    for asked, found, usual in (
        ("formulation", formulation_name, REDUCED),
        ("all_patterns", all_patterns, False),
    ):
        if found != usual:
            raise InputError(asked, f"{found} with hidden_bias free", str(usual))
    if name == "branch":
        raise InputError("engine", "branch with hidden_bias free", "certified")
    if problem.dimension > 1:
        if name == "certified":
            from reluenum.engines.creases.proved import CertifiedCreaseEngine

            return CertifiedCreaseEngine()
        from reluenum.engines.creases.route import CreaseEngine

        return CreaseEngine()
    from reluenum.engines.hinges.route import HingeEngine

    return HingeEngine()


def layer_engine(asked: "tuple[DeepStratum, ...] | None" = None) -> "LayerEngine":
    """Return the Groebner engine for several hidden layers, which is slow to import."""
    from reluenum.engines.layers import LayerEngine

    return LayerEngine(asked)
