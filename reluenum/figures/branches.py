"""Where the branches of a disconnectivity graph are drawn; no picture yet."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reluenum.documents.labels import Document

MOST_NUMBERS = 40
"""Leaves below which there is room for a number."""

APART = 0.6
"""How much further than from each other the traps are from the first basin of least loss."""


@dataclass(frozen=True, eq=False)
class Branches:
    """Where the branches of a tree are drawn.

    A leaf's branch is a vertical line from its loss up to where it joins a lower one, so its length
    is the depth of the basin; what joins stands to the right, the first to join next to it.

    Parameters
    ----------
    tree : dict
        Of the format `reluenum-basins`.
    order : tuple of int
        The leaves from left to right.
    parent : dict
        From children, `("leaf", j)` or `("merge", k)`, to the merges where they end.
    """

    tree: Document
    order: tuple[int, ...]
    parent: Mapping[tuple[str, int], int]

    @classmethod
    def of(cls, tree: Document) -> "Branches":
        """Put the leaves in order.

        Examples
        --------
        >>> ends = [{"leaf": 2}, {"leaf": 0}], [{"leaf": 1}, {"merge": 0}]
        >>> tree = {"leaves": [{}] * 3, "merges": [{"children": children} for children in ends]}
        >>> Branches.of(tree).order
        (0, 2, 1)
        """
        below = {("leaf", j): (j,) for j in range(len(tree["leaves"]))}
        parent = {}
        for k, merge in enumerate(tree["merges"]):
            children = [key for child in merge["children"] for key in child.items()]
            parent |= dict.fromkeys(children, k)
            below["merge", k] = sum((below.pop(key) for key in reversed(children)), start=())
        return cls(tree, sum(below.values(), start=()), parent)

    @property
    def shrink(self) -> float:
        """Return by how much lines and marks are thinner, as there are many leaves."""
        return max(min(1.0, MOST_NUMBERS / len(self.order)) ** 0.7, 0.2)

    def place(self, leaf: int) -> float:
        """Return the position of a leaf; the first one is set apart."""
        rank = self.order.index(leaf)
        return rank + (APART if rank else 0)

    def lowest(self, key: tuple[str, int]) -> int:
        """Return the leaf whose branch a child goes on with."""
        while key[0] == "merge":
            ((kind, place),) = self.tree["merges"][key[1]]["children"][-1].items()
            key = kind, place
        return key[1]

    def around(self, leaf: int, loss: float) -> tuple[int, int | None]:
        """Return the leaf on whose branch another one is at a loss, and the merge above."""
        key = "leaf", leaf
        while key in self.parent and self.loss(self.parent[key]) < loss:
            key = "merge", self.parent[key]
        return self.lowest(key), self.parent.get(key)

    def loss(self, merge: int) -> float:
        """Return the loss of a merge."""
        return float(self.tree["merges"][merge]["loss"])

    def component(self, leaf: int) -> Document:
        """Return the record of a leaf's component."""
        return self.tree["components"][self.tree["leaves"][leaf]["component"]]

    def span(self, merge: int) -> tuple[float, float]:
        """Return the ends of the horizontal line of a merge."""
        children = self.tree["merges"][merge]["children"]
        keys = [key for child in children for key in child.items()]
        places = [self.place(self.lowest(key)) for key in keys]
        return min(places), max(places)

    def spots(self) -> Iterator[tuple[str, int, float, float]]:
        """Yield what is marked: components that are no basins, and what happens at merges.

        Yields
        ------
        what : str
            `set`, `death` or `kink`.
        number : int
            Of the component, or of the merge.
        place, loss : float
        """
        sets: dict[int, list[int]] = {k: [] for k in range(len(self.tree["merges"]))}
        leaves = reversed(list(enumerate(self.tree["leaves"])))
        leaf_of = {leaf["component"]: number for number, leaf in leaves}
        for record in self.tree["components"]:
            if record["basin"]:
                continue
            loss = float(record["loss"])
            leaf, merge = self.around(leaf_of[record["leads_to"][0]], loss)
            if merge is not None and self.loss(merge) == loss:
                sets[merge].append(record["index"])
            else:
                yield "set", record["index"], self.place(leaf), loss
        for k, found in sets.items():
            events = {met["event"] for met in self.tree["merges"][k]["passes"]}
            deaths = max(len(found), 1) if "death" in events else len(found)
            places, level = self.beside(k, deaths + ("kink" in events)), self.loss(k)
            yield from (("set", index, x, level) for index, x in zip(found, places, strict=False))
            if "death" in events:
                yield from (("death", k, x, level) for x in places[:deaths])
            if "kink" in events:
                yield "kink", k, places[-1], level

    def beside(self, merge: int, count: int) -> list[float]:
        """Return places for marks on the horizontal line of a merge, left of its branches."""
        children = self.tree["merges"][merge]["children"]
        keys = [key for child in children for key in child.items()]
        *others, _ = sorted((self.place(self.lowest(key)) for key in keys), reverse=True)
        last, first = others[0], others[-1]
        if len(others) > 1 and count > 1:
            step = (last - first) / (count - 1)
            return [first - 0.5 + k * step for k in range(count)]
        return [first - k / (count + 1) for k in range(1, count + 1)]
