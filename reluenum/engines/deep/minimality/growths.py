"""Directions in which a dead unit grows (Theorem D14, Lemma D46).

On a face, N / |a||v| has no local maximum but its largest singular value: lambda is compared with
that.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from flint import arb, fmpq, fmpq_mat

from reluenum.algebra.forms import doubles, is_positive_definite, least_at_end
from reluenum.algebra.linear import Vector, dot, null_space
from reluenum.algebra.numberfield import ball_sign
from reluenum.engines.deep.cells.jets import Jets
from reluenum.engines.deep.cells.witnesses import Growth, Move, positive_parts, step_length
from reluenum.engines.deep.minimality.bends import Bend
from reluenum.engines.deep.minimality.choices import (
    Choice,
    choices_at_groups,
    matrix_on_face,
    refined,
    zeros_of_face,
)
from reluenum.engines.deep.minimality.faces import flat_of, signs_of, top_direction
from reluenum.engines.deep.minimality.outlook import Outlook
from reluenum.engines.deep.minimality.strictness import (
    critical_forms,
    is_tame,
    open_sides,
    strict_kinks,
)
from reluenum.engines.deep.systems.networks import sign_of, sum_of


@dataclass(frozen=True, eq=False)
class Dormancy:
    """Whether dead units of a layer stay dead.

    Parameters
    ----------
    harmless : bool or None
        None if it cannot be told.
    reason : str
    move : Move or None
        How one grows, if one does.
    """

    harmless: bool | None
    reason: str
    move: Move | None = None


@dataclass(frozen=True, eq=False)
class Tie:
    """A direction in which a dead unit gains exactly lambda (Lemma D46).

    Parameters
    ----------
    incoming : (below + 1,) array of arb
    outgoing : int
        The sign of its weight to the one unit above.
    """

    incoming: np.ndarray
    outgoing: int


def scanned(outlook: Outlook) -> Dormancy:
    """Look for a direction in which a dead unit grows, face by face."""
    live, unclear = _live_faces(outlook), not outlook.is_known()
    ties: list[Tie] = []
    for choices in choices_at_groups(outlook):
        rows, exact = refined(outlook, choices)
        try:
            for face in signs_of(rows, exact):
                if face[: len(outlook.places)] in live:
                    continue
                found = _on_face(outlook, rows, exact, face, choices)
                if isinstance(found, Dormancy):
                    return found
                if isinstance(found, Tie):
                    ties.append(found)
                unclear |= found is None
        except ZeroDivisionError:
            unclear = True
    if unclear:
        return Dormancy(None, "a dead unit in a direction where its gain may be lambda")
    return _tied(outlook, ties) if ties else Dormancy(True, "dead units stay dead")


def _live_faces(outlook: Outlook) -> set[str]:
    """Return faces of live units, and those into which they turn at no cost (Lemma D44)."""
    found: set[str] = set()
    for unit, row in enumerate(outlook.network.signs[outlook.layer]):
        turned = open_sides(outlook.local.around, outlook.layer, unit)
        ways = (row[s] + turned.get(s, "") for s in outlook.places)
        found.update(map("".join, product(*ways)))
    return found


def _on_face(
    outlook: Outlook,
    rows: np.ndarray,
    exact: list[Vector] | None,
    face: str,
    choices: tuple[Choice, ...],
) -> Dormancy | Tie | bool | None:
    """Return a growth or a tie on a face, True if there is none, None if that is unclear."""
    zeros = zeros_of_face(outlook, face, choices)
    flat = flat_of(rows[zeros], None if exact is None else [exact[k] for k in zeros])
    if flat is None:
        return None
    whole = matrix_on_face(outlook, face, choices)
    if whole is None:
        return True
    matrix = whole @ flat
    norms = flat.T @ flat
    if is_positive_definite(outlook.ridge**2 * norms - matrix.T @ matrix):
        return True
    try:
        vector = flat @ top_direction(matrix, norms)
    except (ValueError, ZeroDivisionError):
        return None
    expected = np.array([{"+": 1, "-": -1, "0": 0}[sign] for sign in face])
    heights = (rows @ vector)[expected != 0] * expected[expected != 0]
    outgoing = whole @ vector
    wanted = [outgoing[c.group.unit] * c.sign for c in choices if c.sign]
    found: bool | None = True
    for sign in (1, -1):
        tests = [entry * sign for entry in (*heights, *wanted)]
        if any(test < 0 for test in tests):
            continue
        gain = outgoing @ outgoing - outlook.ridge**2 * (vector @ vector)
        moving = any(choice.moved for choice in choices)
        if all(test > 0 for test in tests) and gain > 0 and not moving:
            return _growth_along(outlook, vector * sign, outgoing * sign, choices)
        found = None
    return _exactly(outlook, face) if found is None and not choices else found


def _exactly(outlook: Outlook, face: str) -> Dormancy | Tie | bool | None:
    """Decide about a face below one unit and above rational inputs, by exact numbers."""
    if outlook.exact is None or outlook.above > 1 or outlook.is_last:
        return None
    errors = outlook.local.around.backward.errors[outlook.layer + 1][0]
    dimension = len(outlook.exact[0])
    pull = [
        sum_of(
            (
                (errors[site], outlook.exact[outlook.places.index(outlook.twins[site])][c])
                for site in range(len(errors))
                if face[outlook.places.index(outlook.twins[site])] == "+"
            ),
            fmpq(0),
        )
        for c in range(dimension)
    ]
    zeros = [row for row, sign in zip(outlook.exact, face, strict=True) if sign == "0"]
    flat = fmpq_mat([list(vector) for vector in null_space(zeros, dimension)])
    projector = flat.transpose() * (flat * flat.transpose()).inv() * flat
    vector = [dot(row, pull) for row in projector.tolist()]
    heights = [sign_of(dot(row, vector)) for row in outlook.exact]
    wanted = [{"+": 1, "-": -1, "0": 0}[sign] for sign in face]
    if not any(heights) or wanted not in (heights, [-sign for sign in heights]):
        return True
    bound = (
        outlook.network.squares[outlook.layer + 1][0] * outlook.network.problem.effective_ridge**2
    )
    gain, turn = sign_of(dot(vector, vector) - bound), 1 if wanted == heights else -1
    incoming = np.array([outlook.local.ball(entry) * turn for entry in vector], dtype=object)
    if gain:
        outgoing = np.array([arb(turn)], dtype=object)
        return gain < 0 or _growth_along(outlook, incoming, outgoing, ())
    return Tie(incoming / (incoming @ incoming).sqrt(), turn)


def _tied(outlook: Outlook, ties: Sequence[Tie]) -> Dormancy:
    """Decide by the second order where dead units gain exactly lambda (Lemma D46)."""
    around, layer = outlook.local.around, outlook.layer + 1
    unclear = Dormancy(None, "a dead unit in a direction where its gain is lambda")
    others = zip(outlook.network.problem.hidden, outlook.network.biases, strict=True)
    spare = [width - len(units) for width, units in others]
    if any(spare[: outlook.layer] + spare[layer:]) or not is_tame(around, outlook.layer):
        return unclear
    seen = [outlook.places.index(outlook.twins[s]) for s in range(len(outlook.twins))]
    scale = outlook.scale(layer, 0)
    pushes = tuple(
        (layer, (positive_parts(outlook.rows[seen] @ tie.incoming) * tie.outgoing / scale)[None])
        for tie in ties
    )
    held, room = strict_kinks(around), min(spare[outlook.layer], len(ties))
    forms = list(critical_forms(Jets(around, outlook.local.bits, pushes)))
    known = [None if found is None else least_at_end(*found, len(ties), room) for found in forms]
    if all(found is not None and found[0] == 1 for found in known):
        return Dormancy(True, "dead units stay dead, where their gain is lambda by curvature")
    if len(forms) > 1 or forms[0] is None:
        return unclear
    bends = _third_order(outlook, ties[0]) if len(ties) == 1 else None
    if bends is not None:
        reason = "dead units stay dead, where their gain is lambda by the third derivative"
        return Dormancy(True, reason) if bends else unclear
    if known[0] is None or known[0][0] != -1 or len(held) + forms[0][0].shape[1] > len(forms[0][0]):
        return unclear
    return _suddenly_grown(outlook, ties, known[0][1], held)


def _third_order(outlook: Outlook, tie: Tie) -> bool | None:
    """Whether a unit below a constant raises the loss of third order (Lemma D71).

    None if its second order is not singular, or if it vanishes at a site.
    """
    network = outlook.network
    if outlook.layer or network.depth != 2 or network.biases[0]:
        return None
    heights = [ball_sign(height) for height in outlook.rows @ tie.incoming]
    totals = network.problem.weighted(network.targets)
    excess = abs(sum(totals, fmpq(0))) - network.problem.effective_ridge
    square = excess / sum(site.count for site in network.problem.sites)
    if 0 in heights:
        return None
    shown = dict(zip(outlook.places, heights, strict=True))
    text = "".join("+" if shown[site] > 0 else "-" for site in outlook.twins)
    bend = Bend(network.problem, [text], "+" * len(text))
    if not bend.is_double([fmpq(0)], square):
        return None
    form = bend.hessian([arb(0)], arb(square))
    change = ball_sign(bend.third([arb(0)], arb(square)) * -form[0, 1] / form[0, 0])
    return change > 0 if change else None


def _suddenly_grown(
    outlook: Outlook, ties: Sequence[Tie], direction: np.ndarray, held: Sequence[int]
) -> Dormancy:
    """Return the growth of units along ties, while other parameters move as well."""
    cell = (False,) * len(outlook.local.around.kinks)
    kinks, count = outlook.local.around.kinks, len(ties)
    move = Move(cell, direction[:-count], tuple((k, kinks[k].sites[0]) for k in held))
    length = float(step_length(outlook.local, move).mid()) or 1.0
    pairs = list(zip(ties, direction[-count:], strict=True))
    grown = [(tie, (share * length) ** 0.5) for tie, share in pairs if share > 0]
    growth = Growth(
        outlook.layer,
        np.array([doubles(tie.incoming) * root for tie, root in grown]),
        np.array([[tie.outgoing * root for tie, root in grown]]),
        is_sudden=True,
    )
    reason = f"dead units of layer {outlook.layer + 1} grow, and others with them"
    return Dormancy(False, reason, replace(move, growth=growth))


def _growth_along(
    outlook: Outlook, vector: np.ndarray, outgoing: np.ndarray, choices: tuple[Choice, ...]
) -> Dormancy:
    """Return the growth in a direction; kinks above are kept where a choice says."""
    around = outlook.local.around
    grouped = {number for choice in choices for number, _ in choice.group.kinks}
    held = [(k, around.kinks[k].sites[0]) for k in around.basic if k not in grouped]
    held += [choice.group.kinks[choice.kept] for choice in choices]
    unit, target = doubles(vector)[None], doubles(outgoing)[:, None]
    growth = Growth(outlook.layer, unit / np.linalg.norm(unit), target / np.linalg.norm(target))
    move = growing((False,) * len(around.kinks), tuple(held), growth, outlook.local.size)
    return Dormancy(False, f"a dead unit of layer {outlook.layer + 1} grows", move)


def growing(cell: tuple, held: tuple, growth: Growth, size: int = 0) -> Move:
    """Return the move in which nothing but a dead unit grows at first."""
    return Move(cell, np.zeros(size), held, growth)
