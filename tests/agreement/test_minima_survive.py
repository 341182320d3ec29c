"""Every claimed minimum survives small perturbations, every rejected point descends.

The loss is evaluated by `oracles`, from its definition and not by the package.
"""

from decimal import Decimal, localcontext
from functools import cache

import numpy as np
import pytest

from reluenum import enumerate_minima
from reluenum.algebra.decimals import decimal_text
from reluenum.documents.minima import stationary_document
from tests.support.oracles import (
    DIGITS,
    RIDGES,
    Centred,
    Data,
    Network,
    decimals,
    faces_of,
    network_of,
    random_problem,
    reference_problem,
)

pytestmark = pytest.mark.seconds(25)

STEPS = 30_000

SCALES = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1)

PROBLEMS = {
    **{
        f"reference L={width} ridge={ridge}": reference_problem(width, ridge)
        for width in (1, 2)
        for ridge in RIDGES
    },
    "d=1 L=2 sum none": random_problem(1, 4, 1, 2, "1/5"),
    "d=1 L=2 mean none": random_problem(2, 4, 1, 2, "1/20", loss="mean"),
    "d=1 L=2 sum free": random_problem(3, 4, 1, 2, "1/10", output_bias="free"),
    "d=1 L=2 mean free": random_problem(4, 3, 1, 2, "1/30", loss="mean", output_bias="free"),
    "d=1 L=2 sum ridge": random_problem(5, 4, 1, 2, "1/10", output_bias="ridge"),
    "d=1 L=1 mean ridge": random_problem(6, 5, 1, 1, "1/50", loss="mean", output_bias="ridge"),
    "d=1 L=2 tie": random_problem(7, 4, 1, 2, "1/10", "tie"),
    "d=2 L=1 sum none": random_problem(8, 5, 2, 1, "1/10"),
    "d=2 L=2 sum free": random_problem(9, 3, 2, 2, "1/5", output_bias="free"),
    "d=2 L=2 line mean ridge": random_problem(
        10, 4, 2, 2, "1/20", "line", loss="mean", output_bias="ridge"
    ),
    "d=1 L=2 leaky": random_problem(11, 4, 1, 2, "1/10", activation="leaky:1/10"),
    "d=2 L=1 free leaky": random_problem(
        12, 4, 2, 1, "1/10", output_bias="free", activation="leaky:-1/2"
    ),
    "d=1 L=2 ridge abs": random_problem(
        13, 4, 1, 2, "1/10", "tie", output_bias="ridge", activation="abs"
    ),
    "d=1 L=1 mean slopes": random_problem(
        14, 4, 1, 1, "1/30", loss="mean", activation="slopes:1/3,2"
    ),
    "d=1 L=2 concave": random_problem(15, 3, 1, 2, "1/10", activation="slopes:0,-1"),
    "d=2 L=2 sum none, no hidden bias": random_problem(21, 4, 2, 2, "1/10", hidden_bias="none"),
    "d=3 L=1 mean ridge, no hidden bias": random_problem(
        22, 4, 3, 1, "1/50", loss="mean", output_bias="ridge", hidden_bias="none"
    ),
    "d=2 L=2 sum free tie, no hidden bias": random_problem(
        23, 4, 2, 2, "1/20", "tie", output_bias="free", hidden_bias="none"
    ),
}

of_every_problem = pytest.mark.parametrize("name", PROBLEMS)


@cache
def solved(name):
    return enumerate_minima(PROBLEMS[name])


def networks(name, generator, copies):
    """Networks of every stratum of every component: the symmetric one and some random ones."""
    data = Data(PROBLEMS[name])
    for component in solved(name).document["components"]:
        for stratum in component["strata"]:
            yield data, component, stratum, network_of(data, stratum)
            if stratum["dimension"] > 0:
                for _ in range(copies):
                    yield data, component, stratum, network_of(data, stratum, generator)


@of_every_problem
def test_no_perturbation_of_a_listed_minimum_goes_below_it(name):
    """Not in the closed cells around it: there the loss is bounded below by a convex function
    with this minimum (proof of Theorem B). And nowhere if it is global at every width.
    """
    generator = np.random.default_rng(1)
    for data, component, stratum, network in networks(name, generator, copies=2):
        centred = Centred(data, network, faces_of(stratum))
        for scale in SCALES:
            da, dv, dm = centred.random_steps(generator, STEPS // len(SCALES), scale)
            values, bounds = centred.differences(da, dv, dm)
            near = centred.stays_adjacent(da, dv)
            assert near.all() or scale > 1e-4
            if component["global_at_every_width"]:
                near[:] = True
            # Where nothing moves along an arc the rise is of second order in the step.
            assert np.all(values[near] + bounds[near] >= 0)
            assert np.median(bounds) < 1e-3 * np.median(values)


@of_every_problem
def test_all_networks_of_a_component_have_the_listed_loss(name):
    """To 25 digits: the decimals of the document carry 30."""
    generator = np.random.default_rng(2)
    for data, component, _, network in networks(name, generator, copies=5):
        assert abs(data.loss(network) - Decimal(component["loss"])) < Decimal("1e-25")


@of_every_problem
def test_the_representative_is_a_network_of_the_component(name):
    data = Data(PROBLEMS[name])
    for component in solved(name).document["components"]:
        record = component["representative"]
        with localcontext(prec=DIGITS):
            offsets = [[c] for c in record.get("c", ())] or [[]] * len(record["B"])
            units = [[*map(Decimal, (*b, *c))] for b, c in zip(record["B"], offsets, strict=True)]
            network = Network(list(map(Decimal, record["a"])), units, Decimal(record.get("m", "0")))
            assert abs(data.loss(network) - Decimal(component["loss"])) < Decimal("1e-25")
            best = data.with_best_bias(network)
            assert abs(best.m - network.m) < Decimal("1e-25")
            expected = network_of(data, component["strata"][0])
            pairs = zip(network.a, expected.a, strict=True)
            assert all(abs(a - b) < Decimal("1e-25") for a, b in pairs)


def stationary_networks(name):
    """(record of the stationary document, network) for every kind of stationary point."""
    problem = PROBLEMS[name]
    data = Data(problem)
    found = solved(name).points
    records = stationary_document(solved(name))["points"]
    for point, record in zip(found, records, strict=True):
        group = point.group.stationary
        a, v = [], []
        with localcontext(prec=DIGITS):
            squares = group.squares(point.support)
            for face, square in zip(point.support, squares, strict=True):
                length = Decimal(decimal_text(square, 50)).sqrt()
                a.append(length * group.signs[face])
                direction = [Decimal(decimal_text(w, 50)) for w in group.direction(face)]
                v.append([length * w for w in direction])
        if record["zero_neurons"]:
            a.append(Decimal(0))
            v.append([Decimal(0)] * len(data.rows[0]))
        faces = [face.signs for face in point.support]
        yield data, record, faces, data.with_best_bias(Network(a, v))


def after_witness(record, faces, network, step):
    """The network after a step of the recorded descent, its bias kept."""
    descent = record["descent"]
    a, v = list(network.a), list(network.v)
    with localcontext(prec=DIGITS):
        vector = decimals(descent["vector"])
        if descent["kind"] == "rotate":
            k = faces.index(descent["face"])
            v[k] = [w + step * d for w, d in zip(v[k], vector, strict=True)]
        else:
            length = sum(w * w for w in vector).sqrt()
            a[-1] = descent["sign"] * step * length
            v[-1] = [step * w for w in vector]
    return Network(a, v, network.m)


@of_every_problem
def test_every_rejected_stationary_point_descends_at_its_witness(name):
    rejected = 0
    for data, record, faces, network in stationary_networks(name):
        assert abs(data.loss(network) - Decimal(record["loss"])) < Decimal("1e-25")
        assert (record["descent"] is None) == record["minimum"]
        if record["minimum"]:
            continue
        (step,) = decimals([record["descent"]["step"]])
        moved = after_witness(record, faces, network, step)
        # Coordinates are correct to 50 digits, so the comparison is far from rounding.
        assert data.loss(moved) < data.loss(network) - Decimal("1e-30")
        rejected += 1
    assert rejected > 0


@of_every_problem
def test_the_perturbation_test_sees_every_rejected_point_descend(name):
    """It bites: along the witness, a step of 1e-6 goes down by more than the error bound."""
    for data, record, faces, network in stationary_networks(name):
        if record["minimum"]:
            continue
        centred = Centred(data, network, faces + ["0" * data.size] * record["zero_neurons"])
        moved = after_witness(record, faces, network, Decimal("1e-6"))
        with localcontext(prec=DIGITS):
            da = [float(new - old) for new, old in zip(moved.a, network.a, strict=True)]
            dv = [
                [float(new - old) for new, old in zip(*pair, strict=True)]
                for pair in zip(moved.v, network.v, strict=True)
            ]
        value, bound = centred.differences(np.array([da]), np.array([dv]), np.zeros(1))
        assert value[0] + bound[0] < 0


def test_centred_differences_agree_with_sixty_digits():
    """And their error bounds hold."""
    generator = np.random.default_rng(3)
    for name in ("reference L=2 ridge=1/100", "d=2 L=2 line mean ridge", "d=1 L=2 mean free"):
        for data, _, stratum, network in networks(name, generator, copies=1):
            centred = Centred(data, network, faces_of(stratum))
            for scale in SCALES:
                da, dv, dm = centred.random_steps(generator, 5, scale)
                values, bounds = centred.differences(da, dv, dm)
                for k in range(5):
                    with localcontext(prec=DIGITS):
                        moved = Network(
                            [a + Decimal(d) for a, d in zip(network.a, da[k], strict=True)],
                            [
                                [w + Decimal(d) for w, d in zip(unit, step, strict=True)]
                                for unit, step in zip(network.v, dv[k], strict=True)
                            ],
                            network.m + Decimal(dm[k]),
                        )
                        exact = data.loss(moved) - data.loss(network)
                        # 1e-28: the network itself is known to 30 digits only.
                        error = abs(exact - Decimal(values[k]))
                        assert error <= Decimal(bounds[k]) + Decimal("1e-28")
                assert bounds.max() < 1e-9 * scale
