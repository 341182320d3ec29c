"""The reduced function of Theorem D22 in doubles: derivatives, also along the inner minimisers."""

from dataclasses import dataclass

import numpy as np

from reluenum.engines.fans.inner import FanPlaces, inverses, solved
from reluenum.engines.fans.shapes import FanBatch


@dataclass(frozen=True, eq=False)
class Derivatives:
    """Of the reduced function at places, by T, s and k.

    Parameters
    ----------
    gradient : (N, m + 2) array
    hessian : (N, m + 2, m + 2) array
    rho : (N, n) array
        Residuals.
    moves : (N, m + 2, n) array
        Minus their derivatives.
    along, turned, total : (N, m) array
        What the units see of them: by their features, the derivatives of these, and the sum.
    """

    gradient: np.ndarray
    hessian: np.ndarray
    rho: np.ndarray
    moves: np.ndarray
    along: np.ndarray
    turned: np.ndarray
    total: np.ndarray


def derivatives(batch: FanBatch, places: FanPlaces, T: np.ndarray) -> Derivatives:
    """Return first and second derivatives at some T.

    With H the matrix of the residuals, the entries are those of -rho.(H_ij rho) +
    2 (H_i rho).H^-1 (H_j rho), and those of s |e|^2 and the sum of T.
    """
    m, s, k = T.shape[1], places.s[:, None], places.k
    inverse = inverses(places.matrix(T))
    rho = (inverse @ places.targets[..., None])[..., 0]
    a, turned, total = (
        (part @ rho[..., None])[..., 0] for part in (places.first, places.turned, places.second)
    )
    d, eta, rise = places.damping, places.shifts, places.rises
    c = s * d
    bent, curved = -2 * c * c * eta * rise, 8 * c**3 * (eta * rise) ** 2 - 2 * (c * rise) ** 2
    by_s, by_k = (d * a) ** 2, 2 * c * a * turned + bent * a * a
    b = places.free * total
    square, slope, twice = _lengths(batch, places.index, k)
    gradient = np.empty((len(T), m + 2))
    gradient[:, :m] = 1 - c * a * a - b * b
    gradient[:, m] = square - (T * by_s).sum(1)
    gradient[:, m + 1] = places.s * slope - (T * by_k).sum(1)
    pulls = np.empty((len(T), m + 2, rho.shape[1]))
    pulls[:, :m] = (c * a)[..., None] * places.first + b[..., None] * places.second
    pulls[:, m] = ((T * d * d * a)[:, None] @ places.first)[:, 0]
    pulls[:, m + 1] = ((T * (c * turned + bent * a))[:, None] @ places.first)[:, 0]
    pulls[:, m + 1] += ((T * c * a)[:, None] @ places.turned)[:, 0]
    moves = pulls @ inverse
    hessian = 2 * moves @ pulls.mT
    for place, part in ((m, by_s), (m + 1, by_k)):
        hessian[:, :m, place] -= part
        hessian[:, place, :m] -= part
    hessian[:, m, m] += (T * 2 * d**3 * (eta * a) ** 2).sum(1)
    mixed = slope - (T * (2 * d * d * a * turned - 4 * s * d**3 * eta * rise * a * a)).sum(1)
    hessian[:, m, m + 1] += mixed
    hessian[:, m + 1, m] += mixed
    own = curved * a * a + 4 * bent * a * turned + 2 * c * turned * turned
    hessian[:, m + 1, m + 1] += places.s * twice - (T * own).sum(1)
    return Derivatives(gradient, hessian, rho, moves, a, turned, total)


def _lengths(batch: FanBatch, index: np.ndarray, k: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return |e|^2 with its first and second derivative by k."""
    constant, linear, quadratic = batch.square[index].T
    return constant + k * (linear + k * quadratic), linear + 2 * k * quadratic, 2 * quadratic


@dataclass(frozen=True, eq=False)
class FanSlopes:
    """Numbers at the inner minimisers over T >= 0 with their derivatives by log s and k.

    Parameters
    ----------
    values : (N, 4 + m + m n) array
        The derivatives of the reduced function by s, and by k divided by s, in a scale; the same
        without it, as they would be if dead units near could have T < 0, so that they have no
        kinks where units begin to live; 1 - |Gamma|^2 of units; what is positive at the sites of a
        unit, for one sign of it, if it has the signs of its row.
    slopes : (N, 4 + m + m n, 2) array
    """

    values: np.ndarray
    slopes: np.ndarray


def along_minimisers(batch: FanBatch, places: FanPlaces, T: np.ndarray) -> FanSlopes:
    """Return what tells stationary points from others, near the inner minimisers."""
    found, m, live = derivatives(batch, places, T), T.shape[1], T > 0
    slack = found.gradient[:, :m] * ~live
    by_T, _ = _followed(found, live, slack)
    everywhere, born = _followed(found, np.ones_like(live), slack)
    mixed, rest = found.hessian[:, m:, :m], found.gradient[:, m:]
    slack_slopes = (mixed.mT + found.hessian[:, :m, :m] @ by_T) * ~live[..., None]
    here = _in_logs(places.s, rest, found.hessian[:, m:, m:] + mixed @ by_T)
    beyond = rest + (mixed @ born[..., None])[..., 0]
    smooth = _in_logs(places.s, beyond, found.hessian[:, m:, m:] + mixed @ everywhere)
    scaled = _over_scale(batch, places, *here)
    by_rho = -(found.moves[:, m:] + by_T.mT @ found.moves[:, :m]).mT
    signs, sign_slopes = _signs(places, found, by_rho, batch.wanted[places.index])
    shape = (len(T), m * signs.shape[2], 2)
    parts = [scaled[1], smooth[1], slack_slopes, sign_slopes.reshape(shape)]
    for part in parts[2:]:
        part[..., 0] *= places.s[:, None]
    values = [scaled[0], smooth[0], slack, signs.reshape(shape[:2])]
    return FanSlopes(np.concatenate(values, 1), np.concatenate(parts, 1))


def _followed(
    found: Derivatives, chosen: np.ndarray, slack: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return how T of chosen units follows s and k, (N, m, 2), and a Newton step to no slack."""
    m, units = chosen.shape[1], np.arange(chosen.shape[1])
    curvature = found.hessian[:, :m, :m] * (chosen[:, :, None] & chosen[:, None, :])
    own = curvature[:, units, units]
    curvature[:, units, units] += np.where(chosen, 1e-13 * own + 1e-300, 1.0)
    right = np.concatenate([found.hessian[:, :m, m:], slack[..., None]], 2)
    steps = -solved(curvature, right * chosen[..., None])
    return steps[..., :2], steps[..., 2]


def _in_logs(
    s: np.ndarray, values: np.ndarray, slopes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return derivatives by s, and by k over s, with theirs by log s and k."""
    values, slopes = values.copy(), slopes * np.stack([s, np.ones_like(s)], 1)[:, None]
    values[:, 1] /= s
    slopes[:, 1] /= s[:, None]
    slopes[:, 1, 0] -= values[:, 1]
    return values, slopes


def _over_scale(
    batch: FanBatch, places: FanPlaces, raw: np.ndarray, slopes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the derivatives over |e|^2 + G / s^2, with slopes: the first is |e|^2 - G / s^2."""
    square, slope, _ = _lengths(batch, places.index, places.k)
    scale = 1 / (2 * square - raw[:, 0])
    moved = slopes[:, 0] - np.stack([0 * slope, 2 * slope], 1)
    bent = slopes + (raw * scale[:, None])[..., None] * moved[:, None]
    return raw * scale[:, None], bent * scale[:, None, None]


def _signs(
    places: FanPlaces, found: Derivatives, by_rho: np.ndarray, wanted: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return what is positive at all sites of a unit with the right signs, by s and by k."""
    c, d, eta = places.s[:, None] * places.damping, places.damping, places.shifts
    weight, weight_slopes = c * found.along, c[..., None] * (places.first @ by_rho)
    weight_slopes[..., 0] += d * d * found.along
    weight_slopes[..., 1] += c * found.turned - 2 * c * weight * eta * places.rises
    height = places.heights[:, None] - eta[..., None]
    rise = places.slopes[:, None] - places.rises[..., None]
    bias = places.free * found.total
    bias_slopes = places.free[..., None] * (places.second @ by_rho)
    values = weight[..., None] * height + bias[..., None]
    slopes = weight_slopes[..., None, :] * height[..., None] + bias_slopes[..., None, :]
    slopes[..., 1] += weight[..., None] * rise
    return values * wanted, slopes * wanted[..., None]
