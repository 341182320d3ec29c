"""Questions about a residual, asked of ever sharper forms of it until one of them answers."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from flint import arb, arb_mat, ctx, fmpq

from .arithmetic.matrices import column
from .exact import Data, Face, Support
from .reals import LEVELS, CertificateError, dot, enclosure, norm
from .residuals import Ball, Residual

NEWTON_STEPS = 4  # at each further precision
NEARNESS = fmpq(1, 1000)  # they may move w by this part of it: a record has to be useful

Vectors = list[arb_mat]


class Known:
    """A residual of some name, in ever sharper forms, which `residuals` yields."""

    name: str

    def residuals(self, least: int = 0) -> Iterator[Any]:
        """Yield forms with so many bits or more, the exact one last, if there is one."""
        raise NotImplementedError

    def settle(self, question: Callable[[Any], Any], text: str, least: int = 0) -> Any:
        """Return the first answer that is not None."""
        for residual in self.residuals(least):
            with ctx.workprec(residual.bits or LEVELS[0]):
                if (answer := question(residual)) is not None:
                    return answer
        text = f"the residual of {self.name} is not known well enough: {text}"
        raise CertificateError(text)


class Core(Known):
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
        left: Iterable[Face] = (
            face
            for place, face in enumerate(self.data.faces)
            if place not in tight and place not in self.ties
        )

        def question(residual: Residual) -> bool | None:
            nonlocal left
            open_ = []
            for face in left:
                if found := residual.exceeds(face):
                    return True
                if found is None:
                    open_.append(face)
            left = open_
            return None if open_ else False

        return self.settle(question, "does |u| exceed the ridge on a face?")


# Newton steps towards the point that w stands for. They prove nothing: any w gives a ball.


def polished(residual: Residual, bits: int) -> Vectors:
    """Return w after Newton steps, with more bits than these if they move it too far.

    Of a short unit, a precision that does not show |u| - Lambda has steps of rounding alone.
    """
    for precision in (level for level in LEVELS if level >= bits):
        with ctx.workprec(precision):
            newton = Newton(residual.data, residual.faces, precision)
            for start in (lambda w: w, newton.aligned):
                w = newton.moved(start(residual.w))
                step = [x - y for x, y in zip(w, residual.w, strict=True)]
                if not norm(_entries(step)) > norm(_entries(w)) * NEARNESS:
                    return w
    raise CertificateError("w is far from the point that it stands for")


def _entries(w: Vectors) -> list[arb]:
    return [x for vector in w for x in vector.entries()]


class Newton:
    """Newton steps for e'Re / 2 + Lambda sum |w_l| on the flats, with so many bits.

    `loads` are the maps w_G -> u_F(R [G] X w_G), by F and G.
    """

    def __init__(self, data: Data, faces: Sequence[Face], bits: int) -> None:
        self.faces, self.ridge, self.depth = faces, arb(data.ridge), data.depth
        self.flats = [face.flat.of(bits) for face in faces]
        self.pulls = [column(face.pull) for face in faces]
        self.loads = [[face.load(other, bits) for other in faces] for face in faces]
        self.small = arb(2) ** (-3 * bits // 8)

    def gradients(self, w: Vectors) -> Vectors:
        """Return the u_F of the residual."""
        pairs = zip(self.pulls, self.loads, strict=True)
        return [pull - dot(row, w) for pull, row in pairs]

    def aligned(self, w: Vectors) -> Vectors:
        """Return w with the directions of u, which for a short unit are known much better."""
        turned = []
        for vector, u in zip(w, self.gradients(w), strict=True):
            scale = norm(vector.entries()) / norm(u.entries())
            turned.append(u * scale if scale.is_finite() else vector)
        return turned

    def moved(self, w: Vectors) -> Vectors:
        """Return what some Newton steps make of w; the one after a small one changes nothing.

        A part of w across its flat would be scaled by 1 - Lambda / |w|: it must not be there.
        """
        for _ in range(NEWTON_STEPS):
            w = [(flat * x.mid()).mid() for flat, x in zip(self.flats, w, strict=True)]
            try:
                step = self.step(w)
            except ZeroDivisionError:
                break  # a ball around this w proves little, but nothing wrong
            w = [(x + y).mid() for x, y in zip(w, step, strict=True)]
            if norm(_entries(step)) < norm(_entries(w)) * self.small:
                break
        return w

    def step(self, w: Vectors) -> Vectors:
        """Return a step from a w on the flats, as midpoints."""
        one, depth = arb_mat(self.depth, self.depth, 1), self.depth
        hessian, slopes = [], []
        for k, (vector, u) in enumerate(zip(w, self.gradients(w), strict=True)):
            length, flat, row = norm(vector.entries()), self.flats[k], list(self.loads[k])
            unit = vector * (1 / length)
            row[k] += (flat - unit * unit.transpose()) * (self.ridge / length) + one - flat
            hessian += [list(chain(*rows)) for rows in zip(*(b.tolist() for b in row), strict=True)]
            slopes += (u - unit * self.ridge).entries()
        right = arb_mat([[slope] for slope in slopes]).mid()
        step = arb_mat(hessian).mid().solve(right).entries()
        return [column(step[k : k + depth]) for k in range(0, len(step), depth)]
