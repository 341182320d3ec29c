"""Lists with free hidden biases in any dimension are proved from their records; lies are not."""

import base64
import copy
import hashlib
import io
import json
import random
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from flint import arb_mat, ctx, fmpq

from reluenum import Problem, enumerate_minima
from reluenum.verify.creases.cores import Core
from reluenum.verify.creases.records import dependent, leaves, part_of, slack, supports, turns
from reluenum.verify.creases.residuals import Ball
from reluenum.verify.creases.screens import Screens, lengths
from reluenum.verify.creases.sites import Sites
from reluenum.verify.creases.spaces import Space
from reluenum.verify.hinges.balls import Balls
from reluenum.verify.reals import LEVELS, CertificateError, dot, sign
from tests.support.checking import checked, refused
from tests.support.crease_products import CreaseProducts

pytestmark = pytest.mark.seconds(20)

FREE = {"output_bias": "free", "hidden_bias": "free"}

KITE = [[0, 0], [2, 0], [0, 1], [-1, -2], [1, 3]]

ROW = [[0, 0], [1, 0], [2, 0], [0, 1]]

DATA = {
    "kite": (KITE[:4], [1, -1, 0, 2], "1/5"),
    "row": (ROW, [0, 1, 0, 1], "1/8"),
    "square": ([[-1, -1], [-1, 1], [1, -1], [1, 1]], [0, 1, 1, 0], "1/4"),
    "five": (KITE, [1, -1, 0, 2, -2], "1/8"),
    "repeated": ([*ROW, [1, 0]], [1, 2, 0, -1, -1], "1/3"),
    "diagonal": ([[0, 0], [1, 1], [2, 2], [4, 4], [5, 5]], [0, 1, 0, -1, 1], "1/4"),
    "arrow": ([[1, 0], [0, 0], [1, 1], [-1, 0]], [-2, 1, 0, 2], "1/10"),
    "corners": ([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], [0, 1, 2, -1], "1/4"),
}

KNOWN: dict[tuple, dict] = {}


def posed(name, width, **more):
    inputs, targets, ridge = DATA[name]
    return Problem.from_arrays(inputs, targets, width=width, ridge=ridge, **FREE, **more)


def listed(name, width=1, **more):
    """Return a new copy of a certified list."""
    key = (name, width, *map(str, more.items()))
    if key not in KNOWN:
        found = enumerate_minima(posed(name, width, **more), engine="certified")
        KNOWN[key] = json.loads(json.dumps(dict(found.document)))
    return copy.deepcopy(KNOWN[key])


@pytest.mark.parametrize(
    ("name", "width", "more"),
    [
        ("kite", 1, {}),
        ("kite", 2, {"loss": "mean", "weights": ["1", "2/3", "5", "1"]}),
        ("row", 2, {}),
        ("square", 1, {}),
        ("diagonal", 2, {}),
        ("five", 1, {"loss": "mean"}),
        ("repeated", 1, {}),
        ("corners", 1, {}),
        ("arrow", 2, {"loss": "mean"}),  # a sign that two steps have, and neither is known to
    ],
)
def test_lists_are_proved(name, width, more, tmp_path):
    document = listed(name, width, **more)
    report = checked(document, tmp_path)
    assert report.components == len(document["components"]) > 0
    assert report.records == document["certificate"]["records"]
    assert "hidden bias free" in report.problem


def test_data_without_creases_are_proved(tmp_path):
    for inputs, targets in (([[1, 2], [1, 2]], [0, 3]), (KITE[:4], [2, 2, 2, 2])):
        problem = Problem.from_arrays(inputs, targets, width=2, ridge=1, **FREE)
        document = enumerate_minima(problem, engine="certified").document
        assert checked(dict(document), tmp_path).components == 1


def test_data_are_compared(tmp_path):
    checked(listed("kite"), tmp_path)
    from reluenum.verify import verify

    inputs, targets, _ = DATA["kite"]
    assert verify(tmp_path / "minima.json", (inputs, targets)).compared
    with pytest.raises(CertificateError, match="row 2 of the data"):
        verify(tmp_path / "minima.json", (inputs, [1, 5, 0, 2]))


@pytest.mark.parametrize("width", [1, 2])
def test_inputs_on_a_line_in_the_plane_are_as_on_a_line(width, tmp_path):
    """Lemma 97: two checkers that share no rule for residuals and strata prove the same."""
    targets, ridge = [0, 1, 0, 1], "1/10"
    plane = [[1 + 3 * fmpq(x, 5), 4 * fmpq(x, 5)] for x in range(4)]
    told = []
    for inputs in ([[x] for x in range(4)], [[str(x) for x in row] for row in plane]):
        problem = Problem.from_text(
            [[str(x) for x in row] for row in inputs], [*map(str, targets)], width, ridge, **FREE
        )
        document = dict(enumerate_minima(problem, engine="certified").document)
        checked(document, tmp_path)
        keys = "loss", "dimension", "orbit_size", "global_at_every_width", "unbounded"
        parts = [
            (*(c[key] for key in keys), sorted(s["dimension"] for s in c["strata"]))
            for c in document["components"]
        ]
        told.append(sorted(parts))
    assert told[0] == told[1]
    assert len(told[0]) > 4


def test_a_list_of_groebner_bases_is_proved_by_the_same_records(tmp_path):
    """The certificate is about the problem: whoever wrote the list, it is proved or not."""
    document = listed("row", 2)
    other = enumerate_minima(posed("row", 2), engine="groebner").document
    document["components"] = json.loads(json.dumps(other["components"]))
    assert checked(document, tmp_path).components == 13
    document["components"][3]["strata"][0]["support"][0]["sum_a_squared"] = "0.25"
    refused(document, tmp_path, "component 3")


@pytest.mark.parametrize("name", ["kite", "square"])
def test_losses_that_are_proved_are_those_of_brute_force(name, tmp_path):
    """Lemma 97 needs no more than convex problems on products of cells to be confirmed."""
    pytest.importorskip("clarabel")
    inputs, targets, ridge = DATA[name]
    document = listed(name, 2)
    checked(document, tmp_path)
    losses = [float(component["loss"]) for component in document["components"]]
    sure, doubtful = CreaseProducts(inputs, targets, Fraction(ridge)).losses(2)
    assert all(min(abs(loss - value) for value in losses) < 1e-5 for loss in sure)
    assert all(min(abs(loss - value) for value in (*sure, *doubtful)) < 1e-5 for loss in losses)


# Lies.


def slopes_of(w, depth):
    return [arb_mat([[x] for x in w[k : k + depth]]) for k in range(0, len(w), depth)]


def rows_of(document):
    data = base64.b64decode(document["certificate"]["data"])
    return pq.read_table(io.BytesIO(data)).to_pylist()


def sealed(document, rows=None):
    """Write the records anew, so that all digests fit."""
    rows = rows_of(document) if rows is None else rows
    text = json.dumps(document["problem"], sort_keys=True)
    head = {
        "format": "reluenum-creases",
        "version": 1,
        "problem_sha256": hashlib.sha256(text.encode()).hexdigest(),
    }
    columns = {
        "verdict": pa.array([row["verdict"] for row in rows]).dictionary_encode(),
        "face": pa.array([row["face"] for row in rows], pa.int32()),
        "w": pa.array([row["w"] for row in rows], pa.list_(pa.float64())),
    }
    table = pa.table(columns).replace_schema_metadata({"reluenum": json.dumps(head)})
    stream = io.BytesIO()
    pq.write_table(table, stream)
    data = stream.getvalue()
    digest, text = hashlib.sha256(data).hexdigest(), base64.b64encode(data).decode()
    document["certificate"] |= head | {"records": len(rows), "sha256": digest, "data": text}


def changed(document, known, **more):
    """Change the first record with a verdict."""
    rows = rows_of(document)
    next(row for row in rows if row["verdict"] == known).update(more)
    sealed(document, rows)


def posed_anew(document, **changes):
    document["problem"].update(changes)
    sealed(document)


def without(document, number):
    """Say that a point is none, and leave out its component and the count."""
    rows = rows_of(document)
    point = [row for row in rows if row["verdict"] == "point"][number]
    point.update(verdict="leaves", face=0)
    sealed(document, rows)
    document["components"].pop(0)
    document["enumeration"]["locally_minimal"] -= 1


def merged(document, one, other):
    parts = document["components"]
    strata = parts[one]["strata"] + parts.pop(other)["strata"]
    parts[one]["strata"] = sorted(strata, key=lambda s: (-s["dimension"], s["zero_neurons"]))


def split(document, number):
    parts = document["components"]
    other = copy.deepcopy(parts[number])
    other["strata"], parts[number]["strata"] = other["strata"][1:], other["strata"][:1]
    other["dimension"] = other["strata"][0]["dimension"]
    parts.insert(number + 1, other)


def stratum(document, component=1, number=0):
    return document["components"][component]["strata"][number]


def group(document, component=1):
    return stratum(document, component)["support"][0]


def other(record, key):
    """Change a flag, or a number by 1."""
    value = record[key]
    record[key] = not value if type(value) is bool else value + 1


def last_digit(text):
    return text[:-1] + str((int(text[-1]) + 1) % 10)


ON_THE_LIST = {
    "a minimum dropped": lambda d: d["components"].pop(1),
    "one dropped, and its count": lambda d: without(d, 2),
    "another, and its count": lambda d: without(d, 3),
    "the constant network dropped": lambda d: d["components"].pop(),
    "a minimum twice": lambda d: d["components"].insert(1, copy.deepcopy(d["components"][1])),
    "two merged": lambda d: merged(d, 0, 1),
    "one split": lambda d: split(d, 1),
    "another order": lambda d: d["components"].reverse(),
    "no components": lambda d: d["components"].clear(),
    "a flag": lambda d: other(d["components"][0], "global_at_every_width"),
    "another flag": lambda d: other(d["components"][1], "global_at_width"),
    "boundedness": lambda d: other(d["components"][1], "unbounded"),
    "the boundary": lambda d: other(d["components"][0], "on_boundary"),
    "copies": lambda d: other(d["components"][1], "orbit_size"),
    "the dimension": lambda d: other(d["components"][1], "dimension"),
    "a dimension": lambda d: other(stratum(d), "dimension"),
    "a stratum dropped": lambda d: d["components"][1]["strata"].pop(),
    "a loss": lambda d: d["components"][0].update(loss="0.499321"),
    "its last digit": lambda d: d["components"][0].update(
        loss=last_digit(d["components"][0]["loss"])
    ),
    "its interval": lambda d: d["components"][0].update(loss_interval=["0", "1"]),
    "a sign": lambda d: group(d).update(sign=-group(d)["sign"]),
    "a face": lambda d: group(d).update(face="+-++"),
    "a face of other length": lambda d: group(d).update(face="+-+"),
    "units": lambda d: other(group(d), "multiplicity"),
    "a square": lambda d: group(d).update(sum_a_squared="0.5"),
    "a slope": lambda d: group(d)["direction"].__setitem__(0, "0.6"),
    "its sign": lambda d: group(d)["direction"].reverse(),
    "an offset": lambda d: group(d)["offsets"].__setitem__(0, "0"),
    "no end": lambda d: group(d, 0)["offsets"].__setitem__(1, None),
    "an end": lambda d: group(d)["offsets"].__setitem__(1, "7"),
    "a dead unit": lambda d: stratum(d, -1)["zero_units"].update(inactive=0, active=1),
    "dead units": lambda d: stratum(d, -1).update(zero_neurons=2),
    "the network": lambda d: d["components"][0]["representative"].update(m="1"),
    "its slopes": lambda d: d["components"][0]["representative"]["B"][0].reverse(),
    "its outputs": lambda d: d["components"][0]["representative"]["a"].__setitem__(0, "1"),
    "its biases": lambda d: d["components"][-1]["representative"]["c"].__setitem__(0, "1"),
    "minima counted": lambda d: other(d["enumeration"], "locally_minimal"),
    "supports counted": lambda d: other(d["enumeration"], "supports_examined"),
    "patterns counted": lambda d: other(d["enumeration"], "realisable_patterns"),
    "undecided": lambda d: other(d["enumeration"], "undecided"),
    "completeness": lambda d: d.update(complete=False),
    "its reason": lambda d: d.update(completeness="theorem E"),
    "a further key": lambda d: d["components"][0].update(known="1"),
    "a key of the document": lambda d: d.update(decided_by={}),
}

ON_THE_RECORDS = {
    "the ridge": lambda d: posed_anew(d, ridge="1/6"),
    "a target": lambda d: posed_anew(d, y=["1", "-1", "0", "3"]),
    "an input": lambda d: posed_anew(d, x=[["0", "0"], ["2", "0"], ["0", "1"], ["-1", "-3"]]),
    "inputs in another order": lambda d: posed_anew(d, x=d["problem"]["x"][::-1]),
    "the loss's convention": lambda d: posed_anew(d, loss="mean"),
    "weights": lambda d: posed_anew(d, weights=["1", "1", "1", "2"]),
    "the width": lambda d: posed_anew(d, width=2),
    "the output bias": lambda d: posed_anew(d, output_bias="ridge"),
    "another problem": lambda d: d["problem"].update(ridge="1/6"),
    "the format": lambda d: d["certificate"].update(format="reluenum-hinges"),
    "its number": lambda d: d["certificate"].update(records=44),
    "the digest": lambda d: d["certificate"].update(sha256="0" * 64),
    "a record dropped": lambda d: sealed(d, rows_of(d)[:-1]),
    "a record twice": lambda d: sealed(d, rows_of(d)[:1] + rows_of(d)),
    "records in another order": lambda d: sealed(d, rows_of(d)[::-1]),
    "a point that is none": lambda d: changed(d, "slack", verdict="point", face=-1),
    "a slack point": lambda d: changed(d, "point", verdict="slack", face=0),
    "a point that leaves": lambda d: changed(d, "point", verdict="leaves", face=0),
    "a point that turns": lambda d: changed(d, "point", verdict="turns", face=0),
    "a dependent point": lambda d: changed(d, "point", verdict="dependent", w=[]),
    "a reducible point": lambda d: changed(d, "point", verdict="reducible", face=0),
    "an undecided one": lambda d: changed(d, "point", verdict="undecided", w=[]),
    "none of the verdicts": lambda d: changed(d, "leaves", verdict="global"),
    "slack for leaving": lambda d: changed(d, "leaves", verdict="slack"),
    "a wrong place": lambda d: changed(d, "leaves", face=1),
    "a place for a point": lambda d: changed(d, "point", face=0),
    "a point without slopes that leaves": lambda d: changed(
        d, "point", verdict="leaves", face=0, w=[0.0, 0.0]
    ),
    "one that is slack": lambda d: changed(d, "point", verdict="slack", face=0, w=[0.0, 0.0]),
    "one that turns": lambda d: changed(d, "point", verdict="turns", face=0, w=[0.0, 0.0]),
    "slopes far away": lambda d: changed(d, "point", w=[0.5, 40.0]),
    "no slopes": lambda d: changed(d, "point", w=[]),
    "slopes of a larger set": lambda d: changed(d, "point", w=[0.5, 0.5, 0.5, 0.5]),
    "infinite ones": lambda d: changed(d, "slack", w=[float("inf"), 0.0]),
}

EXACT = {
    "one dropped": lambda e: e.pop(0),
    "one twice": lambda e: e.append(e[0]),
    "another root": lambda e: e[0].update(root=e[0]["root"] + 1),
    "a coordinate": lambda e: e[0]["coordinates"].reverse(),
    "a square": lambda e: e[0]["coordinates"].__setitem__(-1, ["0"]),
    "a number longer than a direction": lambda e: e[0]["coordinates"][0].append("1"),
    "another field": lambda e: e[0].update(chi=["-3", "0", "1"]),
    "a polynomial with factors": lambda e: e[0].update(chi=["0", "-1", "1"]),
    "another support": lambda e: e[0].update(support="++0+"),
}


@pytest.mark.parametrize("change", ON_THE_LIST)
def test_what_is_changed_on_the_list_is_refused(change, tmp_path):
    document = listed("kite")
    ON_THE_LIST[change](document)
    refused(document, tmp_path)


@pytest.mark.parametrize("change", ON_THE_RECORDS)
def test_what_is_changed_in_records_is_refused(change, tmp_path):
    document = listed("kite")
    ON_THE_RECORDS[change](document)
    refused(document, tmp_path)


@pytest.mark.parametrize("change", EXACT)
def test_what_is_changed_in_exact_descriptions_is_refused(change, tmp_path):
    document = listed("square")
    EXACT[change](document["certificate"]["exact"])
    refused(document, tmp_path)


def test_components_of_two_units_cannot_be_changed(tmp_path):
    """Orders of units, shared directions, and a reducible support."""
    lies = {
        "copies": lambda d: d["components"][0].update(orbit_size=1),
        "one copy": lambda d: d["components"][5].update(orbit_size=2),
        "split": lambda d: split(d, 5),
        "merged": lambda d: merged(d, 1, 2),
        "a stratum": lambda d: d["components"][5]["strata"].pop(7),
        "a stratum twice": lambda d: d["components"][5]["strata"].append(stratum(d, 5, 13)),
        "not reducible": lambda d: changed(d, "reducible", verdict="point", face=-1),
        "another one": lambda d: changed(d, "reducible", face=0),
        "not dependent": lambda d: changed(d, "dependent", verdict="slack", face=0),
    }
    for lie in lies.values():
        document = listed("row", 2)
        lie(document)
        refused(document, tmp_path)


# What records are proved with.


def sites_of(name, width=2):
    return Sites(posed(name, width).to_document())


def test_creases_are_all_sign_vectors_with_a_positive_entry():
    """Against the signs at random and at special slopes and offsets."""
    sites, rng = sites_of("five"), random.Random(1)
    met = set()
    for _ in range(4000):
        slope = [fmpq(rng.randint(-6, 6)) for _ in range(2)]
        values = [dot(slope, x) for x in sites.x]
        offset = -rng.choice(values) if rng.random() < 0.7 else fmpq(rng.randint(-40, 40), 2)
        met.add("".join("0+-"[(v + offset > 0) - (v + offset < 0)] for v in values))
    texts = {crease.text for crease in sites.creases}
    assert {text for text in met if "+" in text} <= texts
    assert len(texts) == 73
    assert all("+" in text for text in texts)


def test_u_and_turns_are_the_sums_of_the_theory():
    """(24.5) and (24.7), summed term by term, whichever zero is the base."""
    sites, rng = sites_of("row"), random.Random(2)
    forces = [fmpq(rng.randint(-9, 9)) for _ in sites.x]
    forces[-1] = -sum(forces[:-1], fmpq(0))
    for crease in sites.creases:
        zeros = sites.members(crease.zeros)
        for base in zeros:
            arms = [
                [f * (a - b) for a, b in zip(x, sites.x[base], strict=True)]
                for k, (f, x) in enumerate(zip(forces, sites.x, strict=True))
                if crease.active >> k & 1
            ]
            total = [sum(column, fmpq(0)) for column in zip(*arms, strict=True)]
            image = [dot(row, total) for row in crease.flat.exact.tolist()]
            assert image == [dot(row, forces) for row in crease.u.exact.tolist()]
            apart = [a - b for a, b in zip(sites.x[zeros[0]], sites.x[base], strict=True)]
            assert dot(image, apart) == 0


def test_balls_hold_the_residual_whatever_the_slopes():
    """Lemma 98: all balls of a support have a point in common, that of a small one."""
    sites, rng = sites_of("kite"), random.Random(3)
    every = [support for support in supports(sites) if not dependent(sites, support)]
    for support in rng.sample(every, 40):
        guesses = [
            [arb_mat([[rng.uniform(-2, 2)], [rng.uniform(-2, 2)]]) for _ in support]
            for _ in range(3)
        ]
        with ctx.workprec(LEVELS[0]):
            remover = sites.remover_of(support)
            balls = [Ball(sites, support, guess, LEVELS[0], remover) for guess in guesses]
            for one in balls[1:]:
                pairs = zip(one.forces, balls[0].forces, strict=True)
                assert all(x.overlaps(y) for x, y in pairs)
                assert one.radius > 0


def test_ends_of_gaps_depend_on_the_gap():
    """Lemma 99: creases in the closure of another one; and not all pairs are dependent."""
    sites = sites_of("kite")
    for gap in (crease for crease in sites.creases if crease.has_offset):
        for other in sites.creases:
            pairs = zip(gap.text, other.text, strict=True)
            if other is not gap and all(b in ("0", a) for a, b in pairs):
                support = tuple(sorted(sites.creases.index(c) for c in (gap, other)))
                assert sites.remover_of(support).implies(gap, other)
                assert dependent(sites, support)
    pairs = [support for support in supports(sites) if len(support) == 2]
    assert 100 < sum(dependent(sites, pair) for pair in pairs) < len(pairs) / 2


def test_constants_of_a_space_are_those_of_its_points():
    """Lemma 101: at an inactive site of one open crease the residual is that of a mean."""
    sites = sites_of("row")
    place = sites.place_of["-+++"]
    space = Space.around(sites, (place,), sites.remover_of((place,)))
    crease = sites.creases[place]
    assert space.constants(crease.level) == [0]
    alike = {other.text for other in sites.creases if space.likeness(crease, other) == 1}
    assert {"-+++", "0+++", "++++"} <= alike
    assert len(alike) < len(sites.creases) / 4


def test_a_reducible_support_has_the_residual_of_a_part():
    """Lemma 100: a crease without units does not change it; its u is as long as the ridge."""
    document = listed("row", 2)
    sites = Sites(document["problem"])
    rows = zip(supports(sites), rows_of(document), strict=True)
    support, row = next(pair for pair in rows if pair[1]["verdict"] == "reducible")
    parts = [row["w"][k : k + 2] for k in range(0, len(row["w"]), 2)]
    assert parts[row["face"]] == [0, 0]
    core = Core(sites, support, [arb_mat([[x] for x in part]) for part in parts], None)
    kept = [k for k, part in enumerate(parts) if any(part)]
    smaller = part_of(core, kept)
    with ctx.workprec(256):
        u = smaller.ball(256).u(core.creases[row["face"]])
        assert abs(dot(u, u) - sites.ridge**2) < 1e-30
        pairs = zip(core.ball(256).forces, smaller.ball(256).forces, strict=True)
        assert all(abs(x - y) < 1e-30 for x, y in pairs)


def test_newton_steps_sharpen_a_ball(tmp_path):
    document = listed("kite")
    sites = Sites(document["problem"])
    rows = zip(supports(sites), rows_of(document), strict=True)
    points = [(support, row["w"]) for support, row in rows if row["verdict"] == "point"]
    for support, w in points:
        core = Core(sites, support, [arb_mat([[x] for x in w])], None)
        with ctx.workprec(512):
            assert core.ball(512).radius < 1e-60
            assert sign(core.ball(512).forces[0]) is not None


@pytest.mark.parametrize(("name", "width"), [("kite", 1), ("row", 2), ("arrow", 2), ("corners", 1)])
def test_doubles_show_nothing_of_a_record_that_is_not_true(name, width):
    """Lemma 98 and Lemma 130 for slopes that are good, bad, absurd and none."""
    document, rng = listed(name, width), random.Random(name)
    sites = Sites(document["problem"])
    screens, met = Screens(sites), []
    rows = list(zip(supports(sites), rows_of(document), strict=True))
    rows = [pair for pair in rows if pair[1]["w"] and len(pair[0]) == width]
    for support, row in rng.sample(rows, min(40, len(rows))):
        core = Core(sites, support, slopes_of(row["w"], sites.depth), None)
        lies = [
            (verdict, place, [factor * x + error * rng.gauss(0, 1) for x in row["w"]])
            for factor, error in ((1, 0), (1, 1e-3), (1, 1), (1, 1e9), (1e-9, 0), (0, 0))
            for place in range(len(support))
            for verdict in ("slack", "leaves", "turns")
        ]
        for lie, sure in zip(lies, screens.proved([support] * len(lies), lies), strict=True):
            if sure:
                met.append(lie[0])
                {"slack": slack, "leaves": leaves, "turns": turns}[lie[0]](
                    core, core.creases[lie[1]]
                )
    assert len(met) > 40
    assert {"slack", "leaves"} <= set(met)


def scaled_sites(inputs, targets):
    """The kite with inputs and targets, and the ridge, in other units: the minima are the same."""
    x, y, ridge = DATA["kite"]
    rows = [[str(v * inputs) for v in row] for row in x]
    scaled = [str(v * targets) for v in y]
    problem = Problem.from_text(rows, scaled, 1, str(Fraction(ridge) * inputs * targets), **FREE)
    return Sites(problem.to_document())


@pytest.mark.parametrize(
    ("inputs", "targets", "verdict"),
    [
        (Fraction(1, 10**60), Fraction(1, 10**120), "slack"),  # |u|^2 is 0 in doubles
        (Fraction(1), Fraction(1, 10**125), "leaves"),  # and so is gamma |b|
    ],
)
def test_what_underflows_is_no_bound(inputs, targets, verdict):
    sites, unit = scaled_sites(inputs, targets), float(targets / inputs)
    screens, ways = Screens(sites), [(0.0, 0.0), (1.0, -0.3), (-0.3, 2.0), (-1.0, -1.0), (0.3, 0.3)]
    records = [(verdict, 0, [x * unit for x in way]) for way in ways]
    claims, sure = {"slack": slack, "leaves": leaves}, 0
    for support in supports(sites):
        proved = screens.proved([support] * len(records), records)
        for (_, _, w), is_proved in zip(records, proved, strict=True):
            if is_proved:
                core = Core(sites, support, slopes_of(w, 2), None)
                claims[verdict](core, core.creases[0])
                sure += 1
    assert sure < len(records) * len(sites.creases) / 2


def test_lengths_are_bounds_in_thousands_of_dimensions():
    """Each small square is lost in a sum, one after the other; all of them together are not."""
    row = np.array([[1.0] + [2.0**-27.01] * (1 << 15)])
    table = np.asfortranarray(np.repeat(row, 2, axis=0))
    square = 1 + (1 << 15) * Fraction(2.0**-27.01) ** 2
    bound = lengths(Balls(table, np.zeros_like(table)))
    assert all(Fraction(b) ** 2 >= square for b in bound)


def test_doubles_look_at_no_record_that_is_none():
    sites = sites_of("kite")
    screens, support = Screens(sites), (3,)
    for record in (
        ("slack", 1, [0.1, 0.1]),
        ("slack", -1, [0.1, 0.1]),
        ("slack", True, [0.1, 0.1]),
        ("slack", 0, [0.1]),
        ("slack", 0, [0.1, float("nan")]),
        ("slack", 0, [0.1, 1]),
        ("slack", 0, None),
        ("point", 0, [0.1, 0.1]),
        (None, 0, [0.1, 0.1]),
    ):
        assert screens.proved([support], [record]) == [False]
    assert screens.proved([support], [("slack", 0, [0.0, 0.0])]) in ([True], [False])


def test_a_slope_of_0_says_nothing_of_u():
    """Lemma 130 divides by its length."""
    sites = sites_of("kite")
    for place in range(5):
        ball = Core(sites, (place,), [arb_mat([[0], [0]])], None).balls[LEVELS[0]]
        assert not ball.caps
        assert Core(sites, (place,), [arb_mat([[1], [2]])], None).balls[LEVELS[0]].caps


def test_hostile_sizes_are_refused_before_the_work(tmp_path):
    document = listed("kite")
    posed_anew(document, width=60_000)
    refused(document, tmp_path, "more than 1024 units")
    points = [[str(k), str(k * k)] for k in range(400)]
    posed_anew(document, width=1, x=points, y=["0"] * 400)
    refused(document, tmp_path, "far fewer records")
    posed_anew(document, x=[["0"] * 5000, ["1"] * 5000], y=["0", "1"])
    refused(document, tmp_path, "far fewer records")


def test_other_problems_are_refused(tmp_path):
    for changes, text in (
        ({"output_bias": "none"}, "output_bias"),
        ({"linear": "ridge"}, "linear"),
        ({"linear": "free"}, "records for"),
        ({"activation": "abs"}, "activation"),
        ({"width": "all"}, "width"),
        ({"width": 0}, "width"),
        ({"ridge": "0"}, "ridge"),
        ({"y": ["0"]}, "x, y"),
    ):
        document = listed("kite")
        posed_anew(document, **changes)
        refused(document, tmp_path, text)
