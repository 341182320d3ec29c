"""Merge trees with free hidden biases on a line by brute force: all products of signed cells.

A unit is (sign of a, |a| b, |a| c): a point of one of two planes, which share the origin. The lines
b x_i + c = 0 cut each plane into cells, among them one of units that are active at all inputs and
one of units that are active at none. On products of cells the loss is convex; its least values
there, and on what two of them share, are those of a lasso in rational numbers. Nothing is taken
from the package.
"""

from collections import defaultdict
from functools import cached_property
from itertools import permutations, product

from tests.support.hinge_products import Products


class HingePieces(Products):
    """Products of cells as nodes, joined where they differ in the cell of one unit."""

    @cached_property
    def cells(self):
        """The closed cells, each with its two rays: kinks at neighbouring inputs, or both ends."""
        last, found = len(self.x) - 1, {}
        for sign in (1, -1):
            for side, place in product((1, -1), range(last)):
                rays = (sign, side, place), (sign, side, place + 1)
                found[sign, side, place] = frozenset(rays)
            found[sign, 0, 1] = frozenset([(sign, 1, 0), (sign, -1, last)])
            found[sign, 0, -1] = frozenset([(sign, 1, last), (sign, -1, 0)])
        return found

    def least_of(self, rays):
        """Return the least loss on a product of cells with these rays; (sign, 0, 0) is a line.

        Constants are free, so a unit that is active everywhere is its slope, and one that is
        active nowhere is nothing.
        """
        last, keys = len(self.x) - 1, set()
        for sign, side, place in rays:
            if place == (0 if side > 0 else last):
                keys.add((sign * side, 0, 0))
            elif place != (last if side > 0 else 0):
                keys.add((sign, side, place))
        return self.least(frozenset(keys))[0] + self.scatter

    @cached_property
    def edges(self):
        """The weights of pieces, and of pairs that differ in one unit."""
        pieces = list(product(self.cells, repeat=self.width))
        nodes, edges = {}, []
        for piece in pieces:
            rays = [self.cells[cell] for cell in piece]
            nodes[piece] = self.least_of(frozenset().union(*rays))
            for k, other in product(range(self.width), self.cells):
                if piece[k] < other:
                    shared = [*rays[:k], rays[k] & self.cells[other], *rays[k + 1 :]]
                    weight = self.least_of(frozenset().union(*shared))
                    edges.append((weight, piece, (*piece[:k], other, *piece[k + 1 :])))
        return nodes, edges

    def merges(self, labelled):
        """Return the levels at which components become one, each with their least losses."""
        nodes, edges = self.edges
        if not labelled:
            turned = [(w, p, q) for p, w in nodes.items() for q in permutations(p) if p < q]
            edges = edges + turned
        at, least, found = {p: p for p in nodes}, dict(nodes), []

        def root(piece):
            while at[piece] != piece:
                at[piece] = at[at[piece]]
                piece = at[piece]
            return piece

        by_level = defaultdict(list)
        for weight, one, other in edges:
            by_level[weight].append((one, other))
        for level in sorted(by_level):
            before = defaultdict(set)
            pairs = [(root(one), root(other)) for one, other in by_level[level]]
            for one, other in pairs:
                at[root(one)] = root(other)
            for old in {piece for pair in pairs for piece in pair}:
                if least[old] < level:
                    before[root(old)].add(old)
            for new in {root(piece) for pair in pairs for piece in pair}:
                joined = before[new]
                if len(joined) > 1:
                    found.append((level, *sorted(least[old] for old in joined)))
                if joined:
                    least[new] = min(least[old] for old in joined)
        return sorted(found)

    def below(self, level):
        """Return the least loss of each component below a level, and the pieces that it meets."""
        nodes, edges = self.edges
        home = {piece: piece for piece, least in nodes.items() if least < level}
        for weight, one, other in edges:
            if weight < level and home[one] != home[other]:
                old, new = home[one], home[other]
                home |= {piece: new for piece, region in home.items() if region == old}
        least = {
            region: min(nodes[piece] for piece in home if home[piece] == region)
            for region in set(home.values())
        }
        return least, home
