"""Documents of widths (1, L), and the strata, points and enclosures that prove them."""

import copy
import json

import numpy as np
import pytest
from flint import arb, ctx

from reluenum import Problem
from reluenum.documents.minima import minima_document
from reluenum.documents.results import to_json
from reluenum.engines.deep.enumeration.strata import strata
from reluenum.engines.deep.systems.stratum import DeepStratum
from reluenum.engines.layers import LayerEngine
from reluenum.verify.deep.sites import Sites
from reluenum.verify.fans.around import Around, guessed
from reluenum.verify.fans.cover import BITS, Cover
from reluenum.verify.fans.models import Model
from reluenum.verify.fans.shapes import Box, Shape, charts
from reluenum.verify.fans.strata import kept, realised
from tests.support.checking import checked, refused

pytestmark = pytest.mark.seconds(20)

INPUTS = ["-17/100", "44/100", "-1", "-40/100"]
TARGETS = ["5/100", "102/100", "61/100", "-36/100"]


def reference(size, units=2, ridge="1/100", **more):
    return Problem.from_text(
        [[x] for x in INPUTS[:size]], TARGETS[:size], [1, units], ridge, **more
    )


def sites_of(problem):
    return Sites(json.loads(json.dumps(dict(problem.to_document()))))


def fans(size, **more):
    return kept(realised(sites_of(reference(size, **more))))


@pytest.mark.parametrize(("size", "units"), [(2, 2), (3, 2), (4, 2), (3, 3)])
def test_the_strata_are_those_of_the_enumeration_by_layers(size, units):
    """Two programs that share nothing agree."""
    problem = reference(size, units)
    found = {stratum.text for stratum in strata(problem) if not stratum.lowest}
    assert found == set(kept(realised(sites_of(problem))))


def test_a_product_of_models_holds_the_product_of_their_values():
    draw = np.random.default_rng(1)
    for _ in range(50):
        one, two = (Model([arb(x) for x in draw.normal(size=6).tolist()]) for _ in range(2))
        d, e = map(arb, draw.uniform(-1, 1, size=2).tolist())

        powers = (1, d, e, d * d, d * e, e * e)

        def at(model, powers=powers):
            return sum((c * x for c, x in zip(model.terms, powers, strict=True)), arb(0))

        assert at(one * two).overlaps(at(one) * at(two))
        assert (one * two).range().overlaps(at(one) * at(two))


@pytest.mark.parametrize("text", ["++-/++-,0-+", "+-+/+0+,0+-", "++-/+++,--+", "+++/+++,0+-"])
def test_one_guess_encloses_the_minimiser_at_every_vector_of_a_box(text):
    """The inner minimum at places of a box, against the enclosure of T and rho (Lemma D38)."""
    shape, draw = Shape(fans(3)[text]), np.random.default_rng(2)
    chart, most = charts(shape.fan)[0], [arb(1)] * len(shape.units)
    with ctx.workprec(BITS):
        box = Box(chart, False, (arb(0.6), arb(0.63)), (arb(0.5), arb(0.53)))
        around = Around(shape, box, guessed(shape, box, most, shape.units))
        assert around.usable
        enclosed = around.enclosure()
        for a, k in draw.uniform([0.6, 0.5], [0.63, 0.53], size=(20, 2)).tolist():
            place = Box(chart, False, (arb(a), arb(a)), (arb(k), arb(k)))
            there = guessed(shape, place, most, shape.units)
            values = [*there.rho, *(there.squares.get(u, arb(0)) for u in shape.units)]
            near = arb(0, 1e-7)  # it is the minimiser up to that
            assert all(e.overlaps(v + near) for e, v in zip(enclosed, values, strict=False))


@pytest.mark.parametrize("size", [2, 3])
def test_kinked_first_layers_are_closed_and_their_points_are_those_of_the_algebraic_route(size):
    kinked = {text: fan for text, fan in fans(size).items() if fan.kinks}
    asked = tuple(map(DeepStratum.of_text, kinked))
    points = LayerEngine(asked).landscape(reference(size)).points
    expected = [(float(str(point.loss)[7:20]), point.is_minimum) for point in points]
    found = []
    for fan in kinked.values():
        cover = Cover(fan)
        cover.read()
        zeros = [zero for zero in cover.zeros if zero.sides is not None]
        found += [(float(zero.loss), zero.minimum) for zero in zeros]
    assert [minimal for _, minimal in sorted(found)] == [m for _, m in sorted(expected)]
    assert sorted(x for x, _ in found) == pytest.approx(sorted(x for x, _ in expected))


def test_open_first_layers_without_a_point_are_closed():
    for text in ("++-/++-,--+", "++-/++0,-+-"):
        cover = Cover(fans(3)[text])
        cover.read()
        assert not cover.zeros


def boxed(problem):
    """A document by the algebraic route, in the form of the certified one, without boxes."""
    document = json.loads(to_json(minima_document(LayerEngine().landscape(problem))))
    texts = sorted(stratum.text for stratum in strata(problem) if not stratum.lowest)
    certificate = {"rule": "boxes", "strata": [[text, []] for text in texts]}
    return document | {"completeness": "proved", "certificate": certificate}


@pytest.mark.parametrize("units", [2, 3])
def test_a_constant_that_its_units_share_is_proved(units, tmp_path):
    """One input: the first layer is dead in the only minimum."""
    report = checked(boxed(reference(1, units, "1/100")), tmp_path)
    assert report.components == 1


def test_a_document_is_refused_without_a_stratum_or_with_another_number(tmp_path):
    document = boxed(reference(1))
    short = copy.deepcopy(document)
    short["certificate"]["strata"] = short["certificate"]["strata"][1:]
    refused(short, tmp_path, "no stratum")
    for place in ("stationary", "locally_minimal", "strata_examined"):
        wrong = copy.deepcopy(document)
        wrong["enumeration"][place] += 1
        refused(wrong, tmp_path, place)
    wrong = copy.deepcopy(document)
    wrong["components"] = []
    refused(wrong, tmp_path, "missing")
    wrong = copy.deepcopy(document)
    wrong["components"][0]["representative"]["w"][0] = "1"
    refused(wrong, tmp_path, "representative")
    refused(document | {"certificate": {"rule": "blocks", "strata": []}}, tmp_path, "rule")
