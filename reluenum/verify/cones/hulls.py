"""The groups of a box, their hulls, and what these say of the outputs of units (Lemma 56)."""

from typing import NamedTuple

import numpy as np

from ..trees.machine import inlined
from .arrangement import Array
from .tables import Tables

UP = 1 + 2.0**-40  # for numbers >= 0 that are computed in less than 1000 roundings
LEAST = 1e-20  # of l . Ee, the one of the centre being 1


class Box(NamedTuple):
    """The parts of a box."""

    signs: Array
    units: Array
    found: Array  # signs of sites on each part
    first: Array  # where the rays of each begin
    rays: Array


class Hulls(NamedTuple):
    """Groups of parts, each in the cone of the rays of its parts, and their columns.

    Of a group the units have together the output s tau (psi + Delta), and q . Delta is between the
    least and the largest of the quotients of Lemma 56, or 0.
    """

    signs: Array
    first: Array  # where the rays of each begin
    rays: Array
    found: Array  # signs of sites on the parts of each
    centre: Array  # c, the sum of unit vectors on its rays
    length: Array  # upper bounds of |c|
    least: Array  # lower bounds of v . c for unit vectors v in the hull
    at: Array  # upper bounds of |xt . c|
    wrong: Array  # how much psi differs from relu(xt . c)
    psi: Array  # without the sign
    weight: Array  # l
    inside: Array  # sites that are in E
    inverse: Array  # for each ray an upper bound of 1 / l . E e, 0 if no site is active on it
    swing: Array  # upper bounds of |Delta| at each site
    tops: Array  # upper bounds of tau


@inlined
def hulls_of(table: Tables, box: Box, owner: Array, count: int) -> tuple[bool, Hulls]:
    """Return the hulls of groups; and whether there is an l for each of them.

    `owner` is the group of each part.
    """
    size, depth, p = len(box.rays), table.rows.shape[1], len(table.copies)
    whole = np.zeros(count, np.int64), np.zeros(count + 1, np.int64), np.empty(size, np.int32)
    found = Hulls(
        *whole,
        np.zeros((count, p), np.uint8),
        np.zeros((count, depth)),
        *(np.zeros(count), np.zeros(count)),
        *(np.zeros((count, p)), np.zeros((count, p)), np.zeros((count, p)), np.zeros((count, p))),
        np.zeros((count, p), np.bool_),
        *(np.zeros(size), np.zeros((count, p)), np.zeros(count)),
    )
    good = True
    for g in range(count):
        gathered(box, owner, g, found)
        if good:
            good = middle(table, found, g) and quotients(table, found, g)
    return good, found


@inlined
def gathered(box: Box, owner: Array, g: int, out: Hulls) -> None:
    """Write the rays and the signs of a group."""
    place = out.first[g]
    for k in range(len(box.signs)):
        if owner[k] == g:
            out.signs[g] = box.signs[k]
            for n in range(box.first[k], box.first[k + 1]):
                out.rays[place] = box.rays[n]
                place += 1
            for i in range(box.found.shape[1]):
                out.found[g, i] |= box.found[k, i]
    out.first[g + 1] = place


@inlined
def spread_of(table: Tables, rays: Array, centre: Array) -> tuple[float, float]:
    """Return bounds of v . c, for unit vectors v in the cone of some rays, and of |c|.

    c is the sum of as many unit vectors, v one of rays with coefficients of sum 1 or more.
    """
    square, least = 0.0, np.inf
    for d in range(len(centre)):
        square += centre[d] * centre[d]
    spare = 4 * table.unsure * len(rays)
    for j in rays:
        product = 0.0
        for d in range(len(centre)):
            product += table.units[j, d] * centre[d]
        least = min(least, product)
    return least - spare, np.sqrt(square) * UP + spare


@inlined
def middle(table: Tables, out: Hulls, g: int) -> bool:
    """Write the centre of a group, psi and l; return whether v . c > 0 in the hull."""
    rays, square = out.rays[out.first[g] : out.first[g + 1]], 0.0
    for j in rays:
        for d in range(out.centre.shape[1]):
            out.centre[g, d] += table.units[j, d]
        for i in range(len(table.copies)):
            out.psi[g, i] += table.values[j, i]
            out.wrong[g, i] += abs(table.values[j, i])
    for i in range(len(table.copies)):
        out.wrong[g, i] *= table.unsure
        out.at[g, i] = abs(out.psi[g, i]) + out.wrong[g, i]
        out.psi[g, i] = max(out.psi[g, i], 0.0)
        square += table.copies[i] * out.psi[g, i] * out.psi[g, i]
    for i in range(len(table.copies)):
        out.weight[g, i] = table.copies[i] * out.psi[g, i] / square if square > 0 else 0.0
    out.least[g], out.length[g] = spread_of(table, rays, out.centre[g])
    return out.least[g] > 0


@inlined
def is_silent(table: Tables, j: int) -> bool:
    """Whether no site is active on a ray."""
    active = 0
    for i in range(table.signs.shape[1]):
        active += table.signs[j, i] > 0
    return active == 0


@inlined
def sites_of(table: Tables, out: Hulls, g: int) -> None:
    """Write E: sites that are active at the centre, and 0 on rays where none is active."""
    for i in range(len(table.copies)):
        out.inside[g, i] = out.psi[g, i] > 0
    for j in out.rays[out.first[g] : out.first[g + 1]]:
        if is_silent(table, j):
            for i in range(len(table.copies)):
                out.inside[g, i] &= table.signs[j, i] == 0


@inlined
def quotients(table: Tables, out: Hulls, g: int) -> bool:
    """Claim 214: l . Ee > 0 on rays where a site is active; bounds of Delta, tau (Lemma 56)."""
    sites_of(table, out, g)
    top, p = 0.0, len(table.copies)
    high, low = np.zeros(p), np.empty(p)
    low[:] = np.inf
    for n in range(out.first[g], out.first[g + 1]):
        j = out.rays[n]
        if is_silent(table, j):
            continue
        least, most = measured(table, out, g, j)
        if not least > LEAST:
            return False
        out.inverse[n] = UP / least
        top = max(top, most)
        for i in range(p):
            value = max(table.values[j, i], 0.0)
            high[i] = max(high[i], value * out.inverse[n])
            low[i] = min(low[i], 0.0 if table.signs[j, i] < 0 else value / most)
    for i in range(p):
        out.swing[g, i] = max(high[i] - out.psi[g, i], out.psi[g, i] - low[i])
        out.swing[g, i] += (high[i] + out.psi[g, i]) * table.unsure
    out.tops[g] = top * out.length[g] / out.least[g] * table.most * UP
    return top > 0


@inlined
def measured(table: Tables, out: Hulls, g: int, j: int) -> tuple[float, float]:
    """Return a lower bound of l . E e and an upper one of l . phi(e) for a ray."""
    least, most, size = 0.0, 0.0, 0.0
    for i in range(len(table.copies)):
        part = out.weight[g, i] * table.values[j, i]
        if out.inside[g, i]:
            least += part
            size += abs(part)
        most += max(part, 0.0)
    return least - table.unsure * size, most * UP


@inlined
def product_with(
    table: Tables, hulls: Hulls, g: int, q: Array, sizes: Array
) -> tuple[float, float]:
    """Claim 215: bounds of q . Delta (Lemma 56).

    `q` is wrong by at most `unsure` times its sizes.
    """
    psi, fixed, spare = hulls.psi[g], 0.0, 0.0
    for i in range(len(q)):
        fixed += q[i] * psi[i]
        spare += abs(q[i]) * psi[i] + sizes[i] * hulls.swing[g, i]
    high, low = 0.0, 0.0
    for n in range(hulls.first[g], hulls.first[g + 1]):
        if hulls.inverse[n] > 0:
            below, above = product_at(table, hulls, g, hulls.rays[n], (q, fixed))
            high = max(high, above * hulls.inverse[n])
            low = min(low, below * hulls.inverse[n])
    return low * UP - table.unsure * spare, high * UP + table.unsure * spare


@inlined
def product_at(
    table: Tables, hulls: Hulls, g: int, j: int, pair: tuple[Array, float]
) -> tuple[float, float]:
    """Return bounds of q' . E e less and plus what b(e) may make of it, for a ray."""
    (q, fixed), ell = pair, hulls.weight[g]
    value, above, below, size = 0.0, 0.0, 0.0, 0.0
    for i in range(len(q)):
        x = table.values[j, i]
        rest = q[i] - fixed * ell[i]
        size += (abs(q[i]) + abs(fixed) * ell[i]) * abs(x)
        bend = x
        if hulls.inside[g, i]:
            value += rest * x
            bend = -x
        if bend > 0:
            above += rest * bend if rest > 0 else 0.0
            below += rest * bend if rest < 0 else 0.0
    size *= table.unsure
    return value + below - size, value + above + size
