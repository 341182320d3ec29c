"""What the equations of a deep network see of its signs: a stratum (Lemmas D3 to D5 and D7)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

ALIVE = "+0"
"""Signs through which a unit passes something on: a slope or a multiplier."""


@dataclass(frozen=True, order=True)
class DeepStratum:
    """Sign rows of the distinct live units of every hidden layer, one sign a site.

    Parameters
    ----------
    layers : tuple of tuples of str
        `layers[k][j]` consists of `+`, `-`, `0` and, at sites that no unit of the layer above
        passes on (Lemma D4), `.`. A row that occurs several times is one group of that rank
        (Lemma D7). A layer without rows is dead, and so are those below it (Lemma D3). The rows
        of a layer are sorted.

    Examples
    --------
    >>> stratum = DeepStratum.of([["++0", "-++"], ["-0+"]])
    >>> stratum.text, stratum.widths
    ('.++,.+0/-0+', (2, 1))
    >>> DeepStratum.of_text(stratum.text) == stratum
    True
    """

    layers: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, layers: Iterable[Iterable[str]]) -> Self:
        """Return the stratum of some rows: irrelevant signs become dots, rows are sorted."""
        rows = [tuple(layer) for layer in layers]
        relevant = [True] * max((len(row) for layer in rows for row in layer), default=0)
        dotted = []
        for layer in reversed(rows):
            shown = tuple(sorted(_dotted(row, relevant) for row in layer))
            relevant = [any(row[i] in ALIVE for row in shown) for i in range(len(relevant))]
            dotted.append(shown)
        return cls(tuple(reversed(dotted)))

    @classmethod
    def of_text(cls, text: str) -> Self:
        """Return the stratum of rows joined by commas, and layers by slashes."""
        return cls.of(filter(None, layer.split(",")) for layer in text.split("/"))

    @property
    def text(self) -> str:
        """The rows joined by commas, the layers by slashes."""
        return "/".join(",".join(layer) for layer in self.layers)

    @property
    def widths(self) -> tuple[int, ...]:
        """Number of rows of each layer."""
        return tuple(map(len, self.layers))

    @property
    def depth(self) -> int:
        """Number Q of hidden layers."""
        return len(self.layers)

    @property
    def lowest(self) -> int:
        """Number of dead layers: layers[lowest] is the first live one."""
        return next((k for k, layer in enumerate(self.layers) if layer), self.depth)

    @property
    def size(self) -> int:
        """Number of sites; 0 for the zero network."""
        return max((len(row) for layer in self.layers for row in layer), default=0)

    @property
    def is_live(self) -> bool:
        """Whether every unit is + somewhere, as those of a stationary point are (Lemma D3)."""
        return all("+" in row for layer in self.layers for row in layer)

    def active(self, layer: int, unit: int) -> tuple[int, ...]:
        """Return the sites at which a unit (layers from 0) is +."""
        return tuple(i for i, sign in enumerate(self.layers[layer][unit]) if sign == "+")

    @cached_property
    def classes(self) -> tuple[tuple[int, ...], ...]:
        """For each layer and site, the first site that has the same input to the layer.

        Sites at which all units of one layer below are + nowhere are one (Lemma D5). Sites that
        the layer does not see (`.`) are classes of their own, and mean nothing.
        """
        return tuple(
            tuple(self._first_alike(layer, site) for site in range(self.size))
            for layer in range(self.depth)
        )

    def _first_alike(self, layer: int, site: int) -> int:
        cut = self._cut(layer, site)
        if cut is None:
            return site
        return next(i for i in range(self.size) if self._cut(layer, i) == cut)

    def _cut(self, layer: int, site: int) -> int | None:
        """Return the highest layer below that passes nothing of a site, if there is one."""
        for k in reversed(range(layer)):
            signs = {row[site] for row in self.layers[k]}
            if "." in signs:
                return None
            if "+" not in signs:
                return k
        return None

    def kinks(self, layer: int, unit: int) -> list[tuple[int, ...]]:
        """Return the kinks of a unit, each with the sites that share it (Lemma D5)."""
        found: dict[int, list[int]] = {}
        for site, sign in enumerate(self.layers[layer][unit]):
            if sign == "0":
                found.setdefault(self.classes[layer][site], []).append(site)
        return [tuple(sites) for sites in found.values()]


def _dotted(row: str, relevant: Sequence[bool]) -> str:
    """Return a row without the signs at irrelevant sites."""
    return "".join(sign if seen else "." for sign, seen in zip(row, relevant, strict=True))
