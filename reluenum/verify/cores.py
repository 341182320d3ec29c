"""Questions about a residual, asked of ever sharper forms of it until one of them answers."""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from flint import arb, ctx

from .exact import Data, Support
from .newton import polished
from .reals import LEVELS, CertificateError
from .residuals import Ball, Residual


class Core:
    """A residual r_S, as sharp as a question about it needs.

    `w` is empty for the zero network, `exact` the exact description if there is one, `smaller` the
    residual of the faces on which w is not 0, if these are not all of the support.
    """

    __slots__ = ("balls", "data", "exact", "excesses", "smaller", "support", "ties")

    def __init__(
        self, data: Data, support: Support, w: list, exact: Residual | None, smaller: "Core | None"
    ) -> None:
        self.data, self.support, self.exact, self.smaller = data, support, exact, smaller
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

    def untied(self, places: Sequence[int]) -> list[int]:
        """Return the faces that are not known to be tight."""
        return [place for place in places if place not in self.ties]

    def settle(self, question: Callable[[Residual], Any], text: str, least: int = 0) -> Any:
        """Return the first answer that is not None."""
        for residual in self.residuals(least):
            with ctx.workprec(residual.bits or LEVELS[0]):
                if (answer := question(residual)) is not None:
                    return answer
        name = self.data.name(self.support) or "the zero network"
        raise CertificateError(f"the residual of {name} is not known well enough: {text}")

    def loss(self) -> arb:
        """Return an enclosure of the loss at a stationary point with this residual."""
        return self.settle(lambda r: r.loss if r.loss.is_finite() else None, "its loss")

    def excess(self, place: int) -> int:
        """Return the sign of |u_F(r)| - Lambda."""
        if place in self.ties:
            return 0
        if place not in self.excesses:
            face = self.data.faces[place]
            text = f"is |u| at most the ridge on {face.text}?"
            self.excesses[place] = self.settle(lambda r: r.excess(face), text)
        return self.excesses[place]

    def side(self, place: int) -> int:
        """Return s = 1 or -1 if s u_F(r) lies in the face, and 0 if neither does."""
        face = self.data.faces[place]
        return self.settle(lambda r: r.side(face), f"does u lie in {face.text}?")

    def descends(self, place: int, side: int) -> bool:
        """Whether D_F < 0 on one of the rays around a face."""
        face = self.data.faces[place]
        text = f"does a unit on {face.text} descend?"
        return self.settle(lambda r: r.descends(face, side), text)

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
