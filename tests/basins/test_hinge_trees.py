"""Basins where hidden biases are free, on a line: by hand, by brute force, by walkers."""

import random
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from reluenum import Problem, enumerate_minima, read_basins
from reluenum.cli import main
from reluenum.documents.results import to_json
from reluenum.errors import InputError, TooManySupportsError
from tests.support.hinge_pieces import HingePieces

pytestmark = pytest.mark.seconds(20)

FREE = {"output_bias": "free", "hidden_bias": "free"}


def landscape_of(inputs, targets, width, ridge, **more):
    rows = [[str(x)] for x in inputs]
    return enumerate_minima(
        Problem.from_text(rows, list(targets), width, str(ridge), **FREE, **more)
    )


def merges_of(basins):
    """Levels with the least losses of what becomes one there, exactly."""
    losses = [Fraction(record["loss_exact"]) for record in basins.document["minima"]["components"]]
    return sorted(
        (Fraction(merge["loss_exact"]), *sorted(losses[i] for i in merge["basins"]))
        for merge in basins.merges
    )


# Worked by hand (sections 24.5 and 24.9).


def test_two_lines_of_opposite_units_join_through_the_constant_network():
    """x = 0, 1, y = 0, 1: f = 1/8 + 3x/4 by a unit with a > 0, or by one with a < 0."""
    landscape = landscape_of("01", "01", 1, "1/8")
    basins = landscape.basins()
    (merge,) = basins.merges
    assert (merge["loss_exact"], merge["event"], merge["basins"]) == ("1/2", "death", [1, 0])
    assert [c["depth"] for c in basins.components] == [None, None, "0"]
    (path,) = merge["paths"]
    assert [corner["loss_exact"] for corner in path["points"]] == ["7/32", "1/2", "7/32"]
    assert path["points"][1]["units"] == [{"sign": 0, "z": ["0", "0"]}]
    assert len(landscape_of("01", "01", 2, "1/8").basins().leaves) == 1


def test_a_line_whose_kink_cannot_stop_at_the_first_input_is_no_basin():
    """x = 0, 1, 2, y = 0, 0, 1: two lines of loss 109/384, of which one is a trap (Lemma 118)."""
    landscape = landscape_of("012", "001", 1, "1/8")
    records = landscape.basins().components
    signs = [c["strata"][0]["support"][0]["sign"] for c in landscape.document["components"][1:3]]
    found = {sign: records[k] for k, sign in enumerate(signs, start=1)}
    assert not found[1]["basin"]
    assert (found[1]["leads_to"], found[1]["barrier_exact"]) == ([0], "109/384")
    assert (found[-1]["barrier_exact"], found[-1]["depth_exact"]) == ("2/3", "49/128")


def test_dead_networks_lead_out_on_a_level_path():
    """x = 0, 1, 2, y = 1, 0, 1: the constant networks open to both kinks."""
    for record in landscape_of("012", "101", 1, "1/8").basins().components[2:]:
        assert (record["basin"], record["leads_to"], record["depth"]) == (False, [0, 1], "0")


def test_a_kink_passes_a_data_point():
    """x = 0, ..., 3, y = 0, 1, 0, 1: 419/500 joins 59/75 over x_2, or x_3 (Lemma 117)."""
    merges = landscape_of("0123", "0101", 1, "1/10").basins().merges
    (one,), (other,), (death,) = (merge["passes"] for merge in merges)
    assert [merge["loss_exact"] for merge in merges] == ["259/275", "259/275", "1"]
    faces = {(p["support"][0]["face"], *p["points"]) for p in (one, other)}
    assert faces == {("++0-", 3), ("-0++", 2)}
    assert (one["event"], death["event"]) == ("kink", "death")


def test_a_mirror_image_leads_to_mirror_images():
    """Two units in one gap touch nothing below if both are good; another pass has their loss."""
    inputs = [-7, -4, -3, 3, 4, 7]
    landscape = landscape_of(inputs, "024420", 2, "1/16")
    level = [c for c in landscape.basins().components if c["barrier_exact"] == "12767/1152"]
    leads = [c["leads_to"] for c in level if not c["basin"]]
    assert sorted(leads) == [[0, 2], [0, 2], [1, 2], [1, 2]]


# By brute force: all products of signed closed cells, in exact fractions.


def data(seed):
    """Whole numbers in a third of the cases, with equal inputs and ties; fractions, weights."""
    draw = random.Random(seed)
    width = 1 + seed % 2
    size = draw.randint(2, 5) if width == 1 else draw.randint(2, 4)
    if seed % 13 == 0:
        size, width = 3, 3
    most, bottom = (3, 1) if seed % 3 == 0 else (20, 10)
    inputs = [Fraction(draw.randint(-most, most), bottom) for _ in range(size)]
    targets = [Fraction(draw.randint(-most, most), bottom) for _ in range(size)]
    if width == 2:  # more traps: the fit goes up and down
        targets = [abs(y) * (-1) ** k for k, y in enumerate(targets)]
        inputs.sort()
    weights = [1] * size if seed % 4 else [draw.randint(1, 3) for _ in range(size)]
    ridge = Fraction(draw.choice(["1/100", "1/10", "1/4", "1/2"]))
    return inputs, targets, weights, ridge, width


SEEDS = range(60)


@pytest.mark.parametrize("block", range(4))
def test_levels_and_what_joins_there_are_those_of_all_products_of_cells(block):
    """Theorem K and Corollary K.1; labelled copies are those of Lemma 116."""
    joined = 0
    for seed in SEEDS[15 * block : 15 * block + 15]:
        inputs, targets, weights, ridge, width = data(seed)
        pieces = HingePieces(inputs, targets, weights, ridge, width)
        given = None if set(weights) == {1} else weights
        landscape = landscape_of(inputs, list(map(str, targets)), width, ridge, weights=given)
        for labelled in (False, True):
            basins, expected = landscape.basins(labelled=labelled), pieces.merges(labelled)
            assert merges_of(basins) == expected
            joined += len(expected)
        copies = [c["orbit_size"] for c in landscape.document["components"]]
        found = [(c["leaves"], n) for c, n in zip(basins.components, copies, strict=True)]
        assert all(leaves in (0, number) for leaves, number in found)
    assert joined > 10


def rays_of(stratum, inputs):
    """The rays of the unit of a stratum of width 1, none of a dead one."""
    for group in stratum["support"]:
        sign, kink = group["sign"], Fraction(group["kink"])
        side = -1 if group["direction"][0].startswith("-") else 1
        before = sum(x <= kink for x in inputs) - 1
        if kink in inputs:
            return {(sign, side, before)}
        if inputs[0] < kink < inputs[-1]:
            return {(sign, side, before), (sign, side, before + 1)}
        return {(sign, side, 0 if side > 0 else len(inputs) - 1)}
    return set()


def test_one_unit_opens_to_what_its_cells_hold_below():
    """Basins, and where others lead to, from all cells that hold a stratum (Lemma 118)."""
    kinds = set()
    for seed in range(0, 40, 2):
        inputs, targets, weights, ridge, _ = data(seed)
        if len(set(inputs)) < 2:
            continue
        pieces = HingePieces(inputs, targets, [1] * len(weights), ridge, 1)
        basins = landscape_of(inputs, list(map(str, targets)), 1, ridge).basins()
        components = basins.document["minima"]["components"]
        for record, component in zip(basins.components, components, strict=True):
            least, home = pieces.below(Fraction(component["loss_exact"]))
            strata = [rays_of(stratum, pieces.x) for stratum in component["strata"]]
            held = (cell for cell in home if any(s <= pieces.cells[cell[0]] for s in strata))
            met = {home[cell] for cell in held}
            leads = [Fraction(components[k]["loss_exact"]) for k in record["leads_to"]]
            assert sorted(least[region] for region in met) == sorted(leads)
            assert record["basin"] == (not met)
            kinds.add((record["basin"], len(leads)))
    assert {(True, 0), (False, 1), (False, 2)} <= kinds


# On networks themselves, in doubles.


def network_loss(rows, theta):
    """The loss of networks (a, b, c) with the best m, (k, 3, L): nothing of the package."""
    (inputs, targets), ridge = rows[:2], rows[2]
    heights = theta[:, 1, :, None] * inputs + theta[:, 2, :, None]
    errors = targets - (theta[:, 0, :, None] * np.maximum(heights, 0)).sum(axis=1)
    errors = errors - errors.mean(axis=1, keepdims=True)
    return (errors**2).sum(axis=1) + ridge * (theta[:, :2] ** 2).sum(axis=(1, 2))


def network_of(component):
    found = component["representative"]
    slopes = [row[0] for row in found["B"]]
    return np.array([list(map(float, part)) for part in (found["a"], slopes, found["c"])])


CASES = [
    ("012", "001", 1, 1 / 8, "1/8"),
    ("0123", "0101", 1, 0.1, "1/10"),
    ("0134", "1001", 2, 0.25, "1/4"),
]


@pytest.mark.parametrize(("inputs", "targets", "width", "number", "ridge"), CASES)
def test_walkers_below_the_pass_stay_and_above_it_leave(inputs, targets, width, number, ridge):
    """Small random steps, up to a bit below the barrier of a trap, or above it; then downhill."""
    landscape = landscape_of(inputs, targets, width, ridge)
    basins = landscape.basins()
    trap = next(
        record for record in reversed(basins.components) if record["depth_exact"] not in (None, "0")
    )
    rows = np.array(list(map(float, inputs))), np.array(list(map(float, targets))), number
    start = network_of(landscape.document["components"][trap["index"]])
    rng, ends = np.random.default_rng(3), {}
    loss, barrier = float(trap["loss"]), float(trap["barrier"])
    for share in (0.9, 3):
        theta = np.repeat(start[None], 12, axis=0)
        for _ in range(1500):
            moved = theta + rng.normal(size=theta.shape) * 0.02
            kept = network_loss(rows, moved) < loss + share * (barrier - loss)
            theta = np.where(kept[:, None, None], moved, theta)
        networks = [basins.locate(a=a, B=b[:, None], c=c) for a, b, c in theta]
        ends[share] = {found["component"] for found in (n.record for n in networks)}
        if share < 1:
            assert all(str(network.barrier) == trap["barrier"] for network in networks)
    assert ends[0.9] == {trap["index"] + 1}
    assert ends[3] - ends[0.9]


@pytest.mark.parametrize("labelled", [False, True])
def test_paths_of_networks_do_not_rise_above_their_passes(labelled):
    """Between corners the loss of networks is at most the level, and reaches it (Lemma 114)."""
    inputs, targets = "0123", "0101"
    rows = np.array(list(map(float, inputs))), np.array(list(map(float, targets))), 0.1
    looked = 0
    for merge in landscape_of(inputs, targets, 2, "1/10").basins(labelled).merges:
        for path in merge["paths"]:
            highest, corners = 0, [list(map(state, c["units"])) for c in path["points"]]
            for one, other in pairwise(corners):
                for share in np.linspace(0, 1, 21):
                    units = [between(*pair, share) for pair in zip(one, other, strict=True)]
                    (value,) = network_loss(rows, np.array(units).T[None])
                    highest = max(highest, value)
            assert abs(highest - float(merge["loss"])) < 1e-12
            looked += 1
    assert looked > 5


def state(unit):
    return unit["sign"], *(float(Fraction(x)) for x in unit["z"])


def between(one, other, share):
    """The unit (a, b, c) with |a| = |b| on the segment between two states."""
    sign = one[0] or other[0]
    slope, offset = ((1 - share) * x + share * y for x, y in zip(one[1:], other[1:], strict=True))
    size = abs(slope) ** 0.5 or 1
    return sign * abs(slope) ** 0.5, slope / size, offset / size


# The document, the command, and what is refused.


def test_the_command_writes_what_the_landscape_knows(tmp_path, capsys):
    (tmp_path / "data.csv").write_text("x,y\n0,0\n1,1\n2,0\n3,1\n")
    files = {name: str(tmp_path / name) for name in ("data.csv", "tree.json", "t.csv", "p.svg")}
    free = ["--hidden-bias", "free", "--output-bias", "free"]
    command = ["basins", files["data.csv"], "--width", "1", "--ridge", "1/10", *free]
    rest = ["--output", files["tree.json"], "--table", files["t.csv"]]
    assert main([*command, *rest, "--profile", "4", "1", files["p.svg"]]) == 0
    basins = read_basins(files["tree.json"])
    expected = landscape_of("0123", "0101", 1, "1/10").basins()
    assert basins.components == expected.components
    assert "259/275" not in (tmp_path / "t.csv").read_text()
    assert main(["verify", files["tree.json"]]) == 0
    assert "4 leaves, 3 merges" in capsys.readouterr().out
    assert basins.locate(a=[0.4], B=[[0.4]], c=[0.1]).record["barrier"].startswith("0.9418")


def test_decimals_are_those_of_the_fractions():
    for record in landscape_of("0123", "0101", 2, "1/10", loss="mean").basins().components:
        for key in ("barrier", "depth", "height"):
            if record[key] is not None:
                assert abs(Fraction(record[key]) - Fraction(record[f"{key}_exact"])) < 1e-29


def test_inputs_in_the_plane_and_large_graphs_are_refused_in_one_line(monkeypatch):
    plane = Problem.from_arrays([[0, 0], [1, 0], [0, 1]], [0, 1, 1], width=1, ridge=0.5, **FREE)
    with pytest.raises(InputError, match="2 columns of inputs") as refusal:
        enumerate_minima(plane).basins()
    assert "\n" not in str(refusal.value)
    landscape = landscape_of("0123", "0101", 2, "1/10")
    monkeypatch.setattr("reluenum.basins.disconnectivity.MOST_POINTS", 10)
    with pytest.raises(TooManySupportsError, match="11 points"):
        landscape.basins()
    assert len(landscape.basins(force=True).leaves) == 11


def test_one_input_has_one_basin():
    basins = landscape_of(["2", "2"], ["0", "1"], 2, "1/3").basins(labelled=True)
    assert (len(basins.leaves), basins.merges) == (1, [])
    assert to_json(basins.document)
