"""Free hidden biases, certified: against Groebner bases, rational graphs and planted minima."""

import json
import random
from fractions import Fraction
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from flint import arb, ctx, fmpq

from reluenum import InputError, Problem, enumerate_minima
from reluenum.algebra.linear import dot
from reluenum.documents.hinges import crease_component_record
from reluenum.engines.creases.creases import Creases
from reluenum.engines.creases.enclosures import CreaseTables, CreaseVerdict
from reluenum.engines.creases.essential import Decider
from reluenum.engines.creases.proved import CreaseSurvey, certify_creases
from reluenum.engines.creases.route import CreaseEngine
from reluenum.engines.creases.systems import CreaseSystem
from reluenum.engines.creases.tight import CreaseResidual
from reluenum.engines.hinges.route import HingeEngine
from reluenum.errors import BackendError, TooManySupportsError
from reluenum.geometry.subsets import Subsets
from reluenum.groebner.backends import open_backends

FREE = {"output_bias": "free", "hidden_bias": "free"}

SQUARE = [[0, 0], [0, 1], [1, 0], [1, 1]]

CROSS = [[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]]

ROW = [[0, 0], [1, 1], [2, 2], [4, 4], [5, 5]]

SIMPLEX = [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]

LONG = [["1.3", "0.9"], ["-0.7", "0.4"], ["0.2", "-1.1"], ["1.6", "-0.3"], ["-1.2", "-0.8"]]


def posed(inputs, targets, width=1, ridge="1/4", **kinds):
    return Problem.from_arrays(inputs, targets, width=width, ridge=ridge, **FREE, **kinds)


def written(landscape):
    return json.dumps([crease_component_record(one) for one in landscape.components])


@pytest.mark.parametrize(
    ("inputs", "targets", "width", "ridge", "kinds"),
    [
        (LONG, ["0.5", "-1", "0.8", "1.1", "-0.3"], 1, "1/20", {}),
        (LONG[:4], ["0.5", "-1", "0.8", "1.1"], 2, "1/10", {"loss": "mean"}),
        (LONG[:4], ["0.5", "-1", "0.8", "1.1"], 3, "1/10", {}),
        (SIMPLEX, ["0.3", "1", "-0.4", "0.6"], 2, "1/20", {}),
        (SQUARE, [0, 1, 1, 0], 2, "1/4", {}),
        (SQUARE, [0, 0, 1, -1], 2, "1/8", {"weights": [1, 2, "1/2", 1]}),
        (CROSS, [1, 0, 0, -1, 1], 2, "1/4", {}),
        (ROW, [0, 1, 0, -1, 1], 2, "1/4", {}),
        (SIMPLEX, [0, 1, -1, 0], 2, "1/2", {}),
        ([*SQUARE, [1, 0]], [1, 0, 1, 1, -1], 1, "1/4", {}),
        ([[1, 2], [1, 2]], [0, 3], 2, "1/4", {}),
    ],
)
def test_the_list_is_that_of_groebner_bases_byte_by_byte(inputs, targets, width, ridge, kinds):
    """Theorem J, and Lemma 94 with exact bases: two routes to one list."""
    problem = posed(inputs, targets, width, ridge, **kinds)
    found = certify_creases(problem)
    assert found.is_complete
    assert written(found) == written(CreaseEngine().landscape(problem))


@pytest.mark.parametrize(
    ("inputs", "targets", "width"),
    [
        ([0, 1, 3, 4, 6, 7], [1, 0, 0, 1, -1, 2], 2),
        ([0, 2, 3, 5, 6], [1, -1, 0, 2, -2], 3),
        ([0, 1, 2, 3], [1, -1, 1, -1], 3),
    ],
)
def test_on_a_line_the_list_is_that_of_rational_graphs(inputs, targets, width):
    """Lemma 82 to 86 against Theorem J: numbers, dimensions, copies and units agree."""
    inclined = [[Fraction(3 * x, 5) + 1, Fraction(4 * x, 5)] for x in inputs]
    expected = HingeEngine().landscape(posed(inputs, targets, width)).components
    found = certify_creases(posed(inclined, targets, width)).components

    def told(one):
        strata = sorted(
            (s.dimension, s.unsized, sorted((g.face, g.sign, g.multiplicity) for g in s.groups))
            for s in one.strata
        )
        flags = one.global_at_width, one.global_at_every_width, one.is_unbounded
        return str([round(float(one.loss), 12), one.dimension, one.orbit_size, flags, strata])

    assert sorted(map(told, found)) == sorted(map(told, expected))


def surveyed(problem, backends):
    tables = CreaseTables(Creases(problem))
    survey = CreaseSurvey(tables, Decider(tables, backends))
    return tables, list(survey.blocks(lambda _: None)), survey.settled


def test_what_is_slack_or_dependent_has_no_positive_simple_solution_and_points_have_one():
    """Lemma 99, Lemma 100: each verdict against the exact basis of its system."""
    problem = posed(LONG[:4], ["0.5", "-1", "0.8", "1.1"], 2, "1/10")
    with open_backends("flint") as backends:
        tables, blocks, _ = surveyed(problem, backends)
        creases, seen = tables.creases, set()
        for size, block in zip((1, 2), blocks, strict=True):
            rows = Subsets(len(creases.live), size).rows(0, len(block.kind))
            for row, kind in zip(rows.tolist(), block.kind.tolist(), strict=True):
                system = CreaseSystem(creases, tuple(creases.live[k] for k in row))
                verdict = CreaseVerdict(kind)
                if verdict in (CreaseVerdict.LEAVES, CreaseVerdict.TURNS):
                    continue
                if not system.is_independent:
                    assert verdict == CreaseVerdict.DEPENDENT
                    continue
                seen.add(verdict)
                if verdict != CreaseVerdict.SLACK or sum(row) % 5 == 0:
                    has_point = system.solved(backends).point is not None
                    assert has_point == (verdict == CreaseVerdict.POINT)
    assert {CreaseVerdict.SLACK, CreaseVerdict.DEPENDENT, CreaseVerdict.POINT} <= seen


@pytest.mark.parametrize(
    ("inputs", "targets", "number"), [(CROSS, [1, 0, 0, -1, 1], 5), (ROW, [0, 1, 0, -1, 1], 4)]
)
def test_a_support_with_a_square_of_exactly_0_has_no_point(inputs, targets, number):
    """Lemma 100(3): exact bases find none, and all u are as long as the ridge."""
    with open_backends("flint") as backends:
        tables, _, settled = surveyed(posed(inputs, targets, 2), backends)
        creases = tables.creases
        tied = [one for one in settled if one.verdict == CreaseVerdict.REDUCIBLE]
        assert len(tied) == number
        for one in tied:
            assert CreaseSystem(creases, one.support).solved(backends).point is None
            residual = CreaseResidual(creases, one.point)
            assert [residual.excess(crease) for crease in one.support] == [0] * len(one.support)
            assert not one.slopes[one.place].any()


def test_balls_hold_the_residual_of_each_point_whatever_the_slopes_are():
    """Lemma 98 and Lemma 130 for slopes that are good, bad and absurd."""
    problem = posed(LONG, ["0.5", "-1", "0.8", "1.1", "-0.3"], 2, "1/10")
    chance, narrow = np.random.default_rng(3), 0
    with open_backends("flint") as backends:
        tables, _, settled = surveyed(problem, backends)
        live = {crease: k for k, crease in enumerate(tables.creases.live)}
        for one in settled[:40]:
            rows = np.array([[live[crease] for crease in one.support]])
            _, removers = tables.removers(rows)
            residual = one.point.residual
            for size in (0, 1e-3, 1, 1e3):
                slopes = one.slopes[None] + size * chance.normal(size=(1, *one.slopes.shape))
                forces, _, radius, caps = tables._ball(rows, slopes, removers)
                with ctx.workprec(128):
                    for k, crease in enumerate(one.support):
                        u = CreaseResidual(tables.creases, one.point).pull_balls(crease)
                        flat = crease.project([arb(x) for x in slopes[0, k]])
                        length = dot(flat, flat).sqrt()
                        away = [x - b / length / 10 for x, b in zip(u, flat, strict=True)]
                        assert not dot(away, away).sqrt() > float(caps.angle[0, k]) / 10
                        narrow += size == 0 and caps.angle[0, k] < 1e-5
                    gaps = [
                        arb(float(m)) + arb(0, float(r)) - weight * value.ball(96)
                        for m, r, weight, value in zip(
                            forces.mid[0],
                            forces.rad[0],
                            map(arb, tables.creases.weights),
                            residual,
                            strict=True,
                        )
                    ]
                    assert not dot(gaps, gaps) > arb(float(radius[0, 0])) ** 2
    assert narrow > 5


def test_zeros_that_follow_from_the_system_need_no_number_field():
    """Lemma 101: with two bends along one direction, sites between them have the residual 0."""
    problem = posed(LONG, ["0.5", "-1", "0.8", "1.1", "-0.3"], 2, "1/20")
    with open_backends("flint") as backends:
        tables, _, settled = surveyed(problem, backends)
        creases, found = tables.creases, 0
        for one in settled:
            if one.verdict != CreaseVerdict.POINT or len(one.support) < 2:
                continue
            residual = CreaseResidual(creases, one.point)
            if residual.remover != one.point.system.reach:
                found += 1
                extra = (one.point.system.reach - residual.remover).entries()
                form = next(extra[k : k + 5] for k in range(0, 25, 5) if any(extra[k : k + 5]))
                assert residual.sign_of(tuple(form)) == 0
                assert not one.point.isolated.is_claimed
                assert dot(residual.forces, form).is_zero()  # the number field agrees
    assert found


RIDGE = Fraction(1, 5)

BENDS = [(Fraction(3, 5), Fraction(4, 5)), (Fraction(5, 13), Fraction(-12, 13))]


def planted(chance, at_inputs):
    """Inputs, units, conditions and values of these for residuals with which units are stationary.

    One unit along each direction, which bends at an input or between two.
    """
    inputs = [[Fraction(chance.randint(-20, 20), 10) for _ in range(2)] for _ in range(6)]
    rows, values, units = [[1.0] * 6], [0.0], []
    for direction, at_input in zip(BENDS, at_inputs, strict=False):
        heights = [sum(b * x for b, x in zip(direction, row, strict=True)) for row in inputs]
        levels, k, sign = sorted(heights), chance.randint(1, 3), chance.choice((1, -1))
        bend = levels[k] if at_input else (levels[k] + levels[k + 1]) / 2
        active = [height > bend for height in heights]
        base = inputs[heights.index(levels[k])]
        for j in range(2):
            rows.append([float(x[j] - base[j]) * a for x, a in zip(inputs, active, strict=True)])
            values.append(sign * float(RIDGE * direction[j]))
        if not at_input:
            rows.append([float(a) for a in active])
            values.append(0.0)
        size = np.sqrt(chance.randint(1, 8) / 4)
        units.append([sign * size, *(size * np.array([*direction, -bend], dtype=float))])
    return inputs, np.array(units), np.array(rows), np.array(values)


def sums_of(inputs, units):
    """What the units of many networks, (K, m, 4), add up to at the inputs."""
    rows = np.hstack([np.array(inputs, dtype=float), np.ones((6, 1))])
    return (np.maximum(units[:, :, 1:] @ rows.T, 0) * units[:, :, :1]).sum(axis=1)


def losses_at(inputs, targets, units, biases):
    """The losses of many networks."""
    price = float(RIDGE) * (units[:, :, :3] ** 2).sum(axis=(1, 2))
    left = targets - sums_of(inputs, units) - biases[:, None]
    return (left**2).sum(axis=1) + price


@pytest.mark.parametrize("at_inputs", [(True,), (False,), (True, False)])
def test_planted_minima_are_listed(at_inputs):
    """Theorem J on data made for a network that is stationary, and that no small step improves."""
    draw, listed = random.Random(5), 0
    steps = np.random.default_rng(2).normal(size=(3000, 4 * len(at_inputs) + 1))
    steps *= 10 ** np.linspace(-7, -3, 3000)[:, None]
    for _ in range(300):
        inputs, units, rows, values = planted(draw, at_inputs)
        shortest, *_, sizes = np.linalg.lstsq(rows, values, rcond=None)
        if sizes.min() < 1e-2 or listed == 1:
            continue
        here = units[None]
        free = np.linalg.svd(rows)[2][len(rows) :]
        beside = [draw.uniform(-0.3, 0.3) for _ in free] @ free
        targets = shortest + beside + sums_of(inputs, here)[0]
        moved = here + steps[:, :-1].reshape(-1, *units.shape)
        own = losses_at(inputs, targets, here, np.zeros(1))[0]
        if losses_at(inputs, targets, moved, steps[:, -1]).min() < own - 1e-11:
            continue
        found = certify_creases(posed(inputs, targets.tolist(), len(units), RIDGE))
        assert min(abs(float(one.loss) - own) for one in found.components) < 1e-9
        listed += 1
    assert listed


def test_what_needs_a_number_field_and_has_none_is_undecided(monkeypatch):
    """Whole numbers ask for exact zeros; without a number field the list is not complete."""

    def nobody(*_):
        raise BackendError("nobody", "not solved within 0 s")

    monkeypatch.setattr("reluenum.engines.creases.essential.claimed_root", nobody)
    found = certify_creases(posed(CROSS, [1, 0, 0, -1, 1]))
    assert found.undecided
    assert not found.is_complete
    assert found.written["complete"] is False
    reasons = {one["reason"] for one in found.written["undecided"]}
    assert reasons == {"nobody: not solved within 0 s"}
    assert not any(c.global_at_width for c in found.components if not c.global_at_every_width)


def test_records_and_exact_descriptions_are_as_the_page_says():
    """A record for every support, none of them undecided, and w for what has a ball."""
    problem = posed(SQUARE, [0, 0, 1, -1], 2, "1/8")
    found = certify_creases(problem)
    creases = Creases(problem)
    number = sum(1 for size in (1, 2) for _ in combinations(creases.live, size))
    assert found.certificate["records"] == number
    assert found.certificate["format"] == "reluenum-creases"
    texts = {"|".join(c.face.signs for c in s) for s in combinations(creases.live, 2)}
    texts |= {crease.face.signs for crease in creases.live}
    for one in found.certificate["exact"]:
        assert one["support"] in texts
        assert len(one["coordinates"]) == 3 * (1 + one["support"].count("|"))


def test_a_large_certificate_lies_beside_its_document(tmp_path):
    problem = posed(SQUARE, [0, 1, 1, 0], 1)
    whole = certify_creases(problem)
    path = tmp_path / "minima.json"
    beside = certify_creases(problem, output=path, inline=10)
    document = json.loads(path.read_text())
    assert document["certificate"]["file"] == "minima.certificate.parquet"
    assert Path(tmp_path, document["certificate"]["file"]).stat().st_size > 10
    assert written(beside) == written(whole)
    assert document["certificate"]["sha256"] == whole.certificate["sha256"]
    certify_creases(problem, output=path)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["minima.json"]


def test_other_problems_are_refused_by_what_is_wrong_with_them():
    with pytest.raises(InputError, match="hidden_bias: ridge; expected free"):
        certify_creases(Problem.from_arrays(SQUARE, [0, 1, 1, 0], width=1, ridge=1))
    with pytest.raises(InputError, match="x: 1 column of inputs"):
        certify_creases(posed([0, 1, 2], [0, 1, 0]))
    with pytest.raises(TooManySupportsError, match="supports"):
        enumerate_minima(posed([[k, k * k] for k in range(9)], range(9), 9), engine="certified")


def test_a_landscape_of_the_api_has_its_certificate():
    found = enumerate_minima(posed(SQUARE, [0, 1, 1, 0]), engine="certified")
    assert found.document["completeness"] == "certificate"
    assert repr(found).splitlines()[0].endswith("complete by its certificate")
    assert found.document["enumeration"]["undecided"] == 0
    assert fmpq(found.certificate["records"]) > 0
