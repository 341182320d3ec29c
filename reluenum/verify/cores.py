"""Questions about a residual, asked of ever sharper forms of it until one of them answers."""

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import chain
from typing import Any

from flint import arb, arb_mat, ctx, fmpq

from .exact import Data, Support
from .reals import LEVELS, CertificateError, enclosure, norm
from .residuals import Ball, Residual

NEWTON_STEPS = 4  # at each further precision
NEARNESS = fmpq(1, 1000)  # they may move w by this part of it: a record has to be useful

Vectors = list[arb_mat]


class Core:
    """A residual r_S, as sharp as a question about it needs.

    `w` is empty for the zero network, `exact` the exact description if there is one, `smaller` the
    residual of the faces on which w is not 0, if these are not all of the support.
    """

    def __init__(
        self, data: Data, support: Support, w: Vectors, exact: Any, smaller: "Core | None"
    ) -> None:
        self.data, self.support, self.exact, self.smaller = data, support, exact, smaller
        self.name = "|".join(data.texts(support)) or "the zero network"
        faces, bits = [data.faces[place] for place in support], LEVELS[0]
        self.balls = {bits: Ball(data, faces, w, bits)} if support else {}
        self.excesses: dict[int, int] = {}
        self.ties: Collection[int] = ()  # places of faces that are known to be tight

    def residuals(self, least: int = 0) -> Iterator[Residual]:
        """Yield ever sharper forms, the exact one as soon as balls look at zeros in vain."""
        for bits in (level for level in LEVELS if self.support and level >= least):
            if bits > LEVELS[0] and self.smaller and self._is_reducible():
                yield from self.smaller.residuals(bits)
                return
            if self.exact and bits > max(least, LEVELS[1]):
                break
            yield self._ball(bits)
        if self.exact:
            yield self.exact

    def _is_reducible(self) -> bool:
        """Whether the faces on which w is 0 satisfy their constraints without their help."""
        spare = (place for place in self.support if place not in self.smaller.support)
        return not self.exact and all(self.smaller.excess(place) <= 0 for place in spare)

    def _ball(self, bits: int) -> Ball:
        """Return the ball with so many bits, around a better w than that of the one before."""
        if bits not in self.balls:
            last = self.balls[max(known for known in self.balls if known < bits)]
            w = polished(last, bits)
            with ctx.workprec(bits):
                self.balls[bits] = Ball(self.data, last.faces, w, bits)
        return self.balls[bits]

    def settle(self, question: Callable[[Residual], Any], text: str, least: int = 0) -> Any:
        """Return the first answer that is not None."""
        for residual in self.residuals(least):
            with ctx.workprec(residual.bits or LEVELS[0]):
                if (answer := question(residual)) is not None:
                    return answer
        text = f"the residual of {self.name} is not known well enough: {text}"
        raise CertificateError(text)

    def loss(self) -> arb:
        """Return an enclosure of the loss at a stationary point with this residual."""

        def question(residual: Residual) -> arb | None:
            loss = enclosure(residual.loss, LEVELS[0])
            return loss if loss.is_finite() else None

        return self.settle(question, "its loss")

    def ask(self, question: Callable, place: int, *more: Any) -> Any:
        """Return what a method of residuals says of a face."""
        face = self.data.faces[place]
        text = f"{question.__name__} of {face.text}"
        return self.settle(lambda residual: question(residual, face, *more), text)

    def excess(self, place: int) -> int:
        """Return the sign of |u_F(r)| - Lambda."""
        if place in self.ties:
            return 0
        if place not in self.excesses:
            self.excesses[place] = self.ask(Residual.excess, place)
        return self.excesses[place]

    def untied(self, places: Sequence[int]) -> list[int]:
        """Return the faces that are not known to be tight."""
        return [place for place in places if place not in self.ties]

    def exceeded(self, tight: Collection[int]) -> bool:
        """Whether u lies in a face or its opposite with |u| > Lambda; the faces `tight` do not.

        One that surely does decides; those that surely do not are not asked again.
        """
        places = self.untied(range(len(self.data.faces)))
        open_ = [self.data.faces[place] for place in places if place not in tight]

        def question(residual: Residual) -> bool | None:
            for face in list(open_):
                if found := residual.exceeds(face):
                    return True
                if found is False:
                    open_.remove(face)
            return None if open_ else False

        return self.settle(question, "does |u| exceed the ridge on a face?")


# Newton steps towards the point that w stands for. They prove nothing: any w gives a ball.


def polished(residual: Residual, bits: int) -> Vectors:
    """Return w after Newton steps, with more bits than these if they move it too far.

    Of a short unit, a precision that does not show |u| - Lambda has steps of rounding alone.
    """
    for precision in (level for level in LEVELS if level >= bits):
        with ctx.workprec(precision):
            rough = Residual(residual.data, residual.faces, residual.w, precision)
            for start in (rough.w, _aligned(rough)):
                w = _moved(rough, start)
                step = [x - y for x, y in zip(w, rough.w, strict=True)]
                if not norm(_entries(step)) > norm(_entries(w)) * NEARNESS:
                    return w
    raise CertificateError("w is far from the point that it stands for")


def _entries(w: Vectors) -> list[arb]:
    return [x for vector in w for x in vector.entries()]


def _aligned(residual: Residual) -> Vectors:
    """Return w with the directions of u, which for a short unit are known much better."""
    turned = []
    for face, w in zip(residual.faces, residual.w, strict=True):
        scale = norm(w.entries()) / norm(residual.u(face))
        turned.append(arb_mat([[x * scale] for x in residual.u(face)]) if scale.is_finite() else w)
    return turned


def _moved(residual: Residual, w: Vectors) -> Vectors:
    """Return what some Newton steps on the flats make of w.

    A part of w across its flat would be scaled by 1 - Lambda / |w|: it must not be there.
    """
    data, faces, bits = residual.data, residual.faces, residual.bits
    for _ in range(NEWTON_STEPS):
        flats = zip(faces, w, strict=True)
        w = [(face.flat.of(bits) * vector.mid()).mid() for face, vector in flats]
        try:
            w = newton_step(Residual(data, faces, w, bits))
        except ZeroDivisionError:
            break  # a ball around this w proves little, but nothing wrong
    return w


def newton_step(residual: Residual) -> Vectors:
    """Return w after a Newton step for e'Re / 2 + Lambda sum |w_l| on the flats, as midpoints."""
    ridge, depth, bits = arb(residual.data.ridge), residual.data.depth, residual.bits
    one, hessian, slopes = arb_mat(depth, depth, 1), [], []
    for k, (face, w) in enumerate(zip(residual.faces, residual.w, strict=True)):
        length, flat, u = norm(w.entries()), face.flat.of(bits), face.u.of(bits)
        unit = w * (1 / length)
        row = [u * other.image.of(bits) for other in residual.faces]
        row[k] += (flat - unit * unit.transpose()) * (ridge / length) + one - flat
        hessian += [list(chain(*parts)) for parts in zip(*(b.tolist() for b in row), strict=True)]
        slopes += (u * residual.r - unit * ridge).entries()
    right = arb_mat([[slope] for slope in slopes]).mid()
    step = arb_mat(hessian).mid().solve(right).entries()
    parts = (arb_mat([[x] for x in step[k : k + depth]]) for k in range(0, len(step), depth))
    return [(w + part).mid() for w, part in zip(residual.w, parts, strict=True)]
