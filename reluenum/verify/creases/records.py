"""The records of a certificate: what each claims of its support, and why that is true."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain, combinations, groupby, islice, permutations
from typing import Any

from flint import arb_mat, ctx

from ..pages import Record
from ..reals import LEVELS, RATIONAL, Algebraic, CertificateError, dot, matched, require, sign, told
from ..records import DESCRIPTION, numbers_of
from .cores import Core, applied, solved
from .residuals import Exact, Residual, Rough
from .screens import Screens
from .sites import Crease, Sites, Support
from .units import Judged

PLACED = ("slack", "leaves", "turns", "reducible")  # verdicts about one crease
MOST_EXACT = 1 << 14


def described(sites: Sites, support: Support, numbers: list[Algebraic]) -> Exact:
    """Claim 287: a description solves (24.6), with q >= 0; so the residual is r_S (Lemma 93).

    What does not hold nearly is refused without long arithmetic.
    """
    wrong, cut = "does not solve (24.6)", len(support) * sites.depth
    remover = sites.remover_of(support)
    parts = [numbers[k : k + sites.depth] for k in range(0, cut, sites.depth)]
    with ctx.workprec(LEVELS[2]):
        rough = [arb_mat([[x.ball(LEVELS[2])] for x in part]) for part in parts]
        slopes = [w * q.ball(LEVELS[2]) for w, q in zip(rough, numbers[cut:], strict=True)]
        near = Rough(sites, support, slopes, LEVELS[2], remover)
        vectors = [w.entries() for w in rough]
        require(all(value.contains(0) for value in equations(near, vectors)), wrong)
    residual = Exact(sites, support, parts, numbers[cut:], numbers[0].root, remover)
    require(all(value.poly == 0 for value in equations(residual, parts)), wrong)
    require(all(q.sign() >= 0 for q in numbers[cut:]), wrong)
    return residual


def equations(residual: Any, omegas: list[list]) -> Iterator[Any]:
    """Yield what (24.6) says to be 0: |w_F|^2 - 1 and u_F - Lambda w_F."""
    for place, omega in zip(residual.support, omegas, strict=True):
        yield dot(omega, omega) - 1
        for x, y in zip(residual.u(residual.sites.creases[place]), omega, strict=True):
            yield x - residual.sites.ridge * y


def read_descriptions(sites: Sites, entries: Any) -> dict[Support, Exact]:
    """Return the exact residuals that a certificate describes, by support, each given once."""
    require(type(entries) is list, "certificate: `exact` is no list")
    require(len(entries) <= MOST_EXACT, "certificate: exact: too many")
    found: dict[Support, Exact] = {}
    for entry in entries:
        matched(entry, DESCRIPTION, "certificate: exact")
        with told(f"exact description of {entry['support']!r:.200}"):
            texts = str(entry["support"]).split("|")
            require(all(text in sites.place_of for text in texts), "no support")
            support = tuple(sites.place_of[text] for text in texts)
            require(sorted(set(support)) == list(support), "not sorted")
            require(support not in found, "given twice")
            require(not dependent(sites, support), "no simple solution")
            right = len(entry["coordinates"]) == len(support) * (sites.depth + 1)
            require(right, "wrong number of coordinates")
            found[support] = described(sites, support, numbers_of(**entry))
    return found


# What a record claims of its support.


def dependent(sites: Sites, support: Support) -> bool:
    """Claim 288: S has no simple solution, or no independent columns (Lemma 94, Lemma 99).

    They are too many, or indicators are dependent, or u of one crease follows from that of another.
    """
    creases = [sites.creases[place] for place in support]
    offsets = sum(crease.has_offset for crease in creases)
    remover = sites.remover_of(support)
    if len(support) + offsets > sites.size - len(sites.outer) or not remover.is_independent:
        return True
    return any(remover.implies(*pair) for pair in permutations(creases, 2))


def slack(core: Core, crease: Crease) -> None:
    """Claim 289: |u_F(r_S)| < Lambda. Then S has no stationary network (Lemma 92)."""
    require(core.ask(Residual.excess, crease) < 0, "u is not shorter than the ridge")


def leaves(core: Core, crease: Crease) -> None:
    """Claim 290: neither sign of u_F(r_S) orders sites as F asks. Nor has it then (Lemma 92)."""
    require(core.ask(Residual.side, crease) == 0, "u does not leave the crease")


def turns(core: Core, crease: Crease) -> None:
    """Claim 291: a kink on F is not good, and bounds no gap: no minimum needs S (Lemma 94).

    There is one sign that u can have, or none.
    """
    require(not crease.is_open, "the crease is open")

    def question(residual: Residual) -> bool | None:
        side, ends = residual.leaning(crease), list(map(sign, residual.values(crease.ends)))
        turning = side and residual.turns(crease, side)
        if side == 0 or (turning and all(ends) and None not in ends):
            return True
        return False if turning is False or 0 in ends else None

    require(core.settle(question, "turns"), "a kink may be good, or bound a gap")


def reducible(core: Core, place: int) -> None:
    """Claim 292: q_F = 0 for some F. So no simple solution of S has q > 0 (Lemma 100).

    This follows from a description, or if u is not too long at the point of the others.
    """
    if core.exact is None:
        places = [k for k in core.balls[LEVELS[0]].living if k != place]
        judged = Judged(part_of(core, places))
        others = (crease for k, crease in enumerate(core.creases) if k not in places)
        short = all(judged.excess(crease) <= 0 for crease in others)
        require(short, "u is too long at the point of the others")
    else:
        require(core.exact.squares[place].sign() == 0, "q is not 0")


def part_of(core: Core, places: list[int]) -> Core:
    """Return the point of some of the creases, if the indicators of all have no force."""
    support = tuple(core.support[k] for k in places)
    slopes = [core.balls[LEVELS[0]].slopes[k] for k in places]
    if not support:
        exact = Exact(core.sites, (), [], [], RATIONAL, core.remover)
        return Core(core.sites, (), [], exact, core.remover)
    part = Core(core.sites, support, slopes, None, core.remover)
    point(part)
    return part


def point(core: Core) -> None:
    """Claim 293: r_S has multipliers q > 0, and the R_S z_F are independent (Lemma 93).

    Multipliers q >= 0 of the constraints |u_F| <= Lambda exist; they solve a linear system, which
    elimination finds regular. Where q_F > 0, |u_F| = Lambda.
    """

    def question(residual: Residual) -> bool | None:
        squares = multipliers(residual, core.creases)
        signs = [] if squares is None else list(map(sign, squares))
        return None if not signs or None in signs else set(signs) == {1}

    require(core.settle(question, "multipliers"), "a multiplier is not positive")


def multipliers(residual: Residual, creases: list[Crease]) -> list[Any] | None:
    """Return the q_F with r_S = R_S(y - sum q_F X_F w_F), w_F = u_F / Lambda."""
    ridge, bits = residual.sites.ridge, residual.bits
    us = [residual.u(crease) for crease in creases]
    table, right = [], []
    for crease, u in zip(creases, us, strict=True):
        pull = (crease.u.exact * residual.remover.pulls).entries()
        felt = crease.u.of(bits) * residual.remover.forces.of(bits)
        pairs = zip(creases, us, strict=True)
        images = (applied((felt * other.values.of(bits)).tolist(), v) for other, v in pairs)
        table.append([dot(u, image) for image in images])
        right.append((dot(pull, u) - dot(u, u)) * ridge)
    return solved(table, right)


class Proof:
    """The records, checked one by one, and the residuals that they leave."""

    def __init__(self, sites: Sites, descriptions: dict[Support, Exact]) -> None:
        self.sites, self.descriptions = sites, dict(descriptions)
        self.verdicts: Counter[str] = Counter()
        self.polished = 0
        self.points = [Core(sites, (), [], Exact(sites, (), [], [], RATIONAL, sites.remover(())))]

    def read(self, records: Iterable[Record]) -> None:
        """Claim 294: every support has a record, in order, and each of them is true.

        So a minimum has the residual of constants, or of a support with a point (Theorem J).
        """
        support: Support = ()
        try:
            for support, record, is_sure in self._screened(records):
                if not is_sure:
                    self._check(support, *record)
                self.verdicts[record[0]] += 1
        except CertificateError as error:
            name = "|".join(self.sites.creases[place].text for place in support)
            text = f"record {self.verdicts.total()} ({name}): {error}"
            raise CertificateError(text) from error
        require(not self.descriptions, "an exact description belongs to no record with a point")

    def _screened(self, records: Iterable[Record]) -> Iterator[tuple[Support, Record, bool]]:
        """Yield supports with their records, and whether doubles have proved what these say."""
        screens, pairs = Screens(self.sites), zip(supports(self.sites), records, strict=True)
        for _, own in groupby(pairs, key=lambda pair: len(pair[0])):
            while batch := list(islice(own, screens.batch)):
                chosen, claims = zip(*batch, strict=True)
                sure = screens.proved(chosen, claims) if screens.fit else [False] * len(batch)
                yield from zip(chosen, claims, sure, strict=True)

    def _check(self, support: Support, verdict: Any, place: Any, w: Any) -> None:
        """See that the claim of a record is true."""
        within = type(place) is int and 0 <= place < len(support)
        require(within if verdict in PLACED else place == -1, f"{place!r} is out of range")
        if verdict == "dependent":
            require(not w and dependent(self.sites, support), "columns may be independent")
            return
        core = self._enclosed(support, w)
        if verdict == "point":
            point(core)
            self.points.append(core)
        elif verdict == "reducible":
            reducible(core, place)
        else:
            claims = {"slack": slack, "leaves": leaves, "turns": turns}
            require(verdict in claims, "proves nothing")
            claims[verdict](core, core.creases[place])
        self.polished += len(core.balls) > 1

    def _enclosed(self, support: Support, w: Any) -> Core:
        """Return the residual of a support, in the ball around the slopes of its record."""
        depth = self.sites.depth
        require(self.sites.remover_of(support).is_independent, "indicators are dependent")
        require(type(w) is list and len(w) == len(support) * depth, "w has a wrong length")
        require(all(type(x) is float and abs(x) < float("inf") for x in w), "w is not finite")
        slopes = [arb_mat([[x] for x in w[k : k + depth]]) for k in range(0, len(w), depth)]
        return Core(self.sites, support, slopes, self.descriptions.pop(support, None))


def supports(sites: Sites) -> Iterator[Support]:
    """Yield the sets of creases that records are about."""
    sizes = range(1, largest(sites) + 1)
    every = range(len(sites.creases))
    return chain.from_iterable(combinations(every, size) for size in sizes)


def largest(sites: Sites) -> int:
    """Return how many creases independent columns can have, at most as many as units."""
    return min(sites.width, sites.size - len(sites.outer), len(sites.creases))
