"""The checker accepts what is proved and nothing else.

Certificates are written here from exact points of the Groebner engine, so neither side of the
certified engine is needed: what is checked is `reluenum.verify` against docs/certificate.md.
"""

import ast
import base64
import contextlib
import copy
import hashlib
import io
import json
import random
import re
import shutil
import subprocess
import sys
from collections import Counter
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import combinations, product
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from flint import arb, arb_mat, ctx, fmpq, fmpq_mat

from reluenum import Problem, enumerate_minima
from reluenum.algebra.decimals import decimal_text
from reluenum.engines.certified.prove import certify_problem
from reluenum.engines.certified.questions import AtWidth, EveryWidth
from reluenum.engines.reduced.outcomes import OutcomeKind, solve_support
from reluenum.geometry.arrangement import Arrangement
from reluenum.geometry.geometry import Geometry
from reluenum.groebner.backends import open_backends
from reluenum.groebner.limits import Limits
from reluenum.landscape.dual import dual_excess, scan_dual
from reluenum.landscape.points import face_sign, zero_network
from reluenum.landscape.witnesses import descent_ray
from reluenum.verify import CertificateError, main, verify
from reluenum.verify.arithmetic.decimals import nearest
from reluenum.verify.cores import Core
from reluenum.verify.document import one_problem
from reluenum.verify.exact import Data
from reluenum.verify.landscape import Landscape
from reluenum.verify.pages import read_records
from reluenum.verify.reals import LEVELS, dot
from reluenum.verify.reals import sign as sign_of
from reluenum.verify.records import Proof, read_descriptions
from tests.support.attacks import changed as replaced
from tests.support.checking import checked, refused
from tests.support.oracles import drawn, random_problem, reference_problem

pytestmark = pytest.mark.seconds(50)

SOURCE = Path(__file__).parents[2] / "reluenum/verify"

EXAMPLE_1 = Problem.from_text([["-3/4"], ["4/3"]], ["2", "-1"], 3, "1")

EXAMPLE_2 = Problem.from_text([["-3/4"], ["3/4"]], ["2", "-2"], 2, "6/5", output_bias="free")

SYMMETRIC = Problem.from_text([["-1"], ["0"], ["1"]], ["1", "-1", "1"], 1, "1/10")

VERDICTS = ("reducible", "leaves", "descends", "minimum")

REFUSALS = (CertificateError, LookupError, TypeError, ValueError)
"""What a malformed list of components raises; `verify` makes one error of all of these."""


# Writing certificates.


def number_texts(number):
    return [str(c) for c in number.exact().polynomial.coeffs()]


def exact_entry(point):
    claim = point.isolated.claim
    omegas, squares = point._unknowns
    return {
        "support": "|".join(face.signs for face in point.support),
        "chi": [int(c) for c in claim.parametrisation.chi.coeffs()],
        "root": claim.index,
        "coordinates": [*(number_texts(x) for w in omegas for x in w), *map(number_texts, squares)],
    }


def used_exactly(problem, arrangement, point):
    """Whether something at the point is exactly 0, as far as the document may ask."""
    if not point.is_stationary:
        return "elements" in vars(point.isolated)
    scan_dual(Geometry.of(problem), point)
    for number in (point.loss, *(x for row in point._unknowns[0] for x in row), point.bias):
        decimal_text(number)
    return "elements" in vars(point.isolated)


def records_of(problem, every_point_exact=False):
    """Return the records of a problem, and its exact descriptions, from exact points."""
    arrangement = Arrangement.of(problem)
    residuals = {(): zero_network(problem)}
    records, exact = [], []
    sizes = range(1, min(problem.width, len(arrangement.live_faces)) + 1)
    with open_backends("auto", Limits()) as engine:
        for support in (s for m in sizes for s in combinations(arrangement.live_faces, m)):
            smaller = [residuals[support[:k] + support[k + 1 :]] for k in range(len(support))]
            holds = [
                dual_excess(point, face).sign() <= 0
                for face, point in zip(support, smaller, strict=True)
            ]
            if any(holds):
                residuals[support] = smaller[holds.index(True)]
                records.append(["reducible", holds.index(True), None])
                continue
            outcome = solve_support(problem, support, engine)
            point = residuals[support] = outcome.point
            records.append([*verdict_of(problem, arrangement, outcome), vectors_of(point)])
            exact.append(point)
    entries = [
        exact_entry(point)
        for point in exact
        if every_point_exact or used_exactly(problem, arrangement, point)
    ]
    return records, entries


def verdict_of(problem, arrangement, outcome):
    point = outcome.point
    if outcome.verdict is OutcomeKind.LEAVES_FACES:
        units = zip(point.support, point._unknowns[0], strict=True)
        sides = [face_sign(problem, face, unit) for face, unit in units]
        return "leaves", sides.index(0)
    for k, (face, sign) in enumerate(zip(point.support, point.signs, strict=True)):
        if descent_ray(arrangement, point, face, sign) is not None:
            return "descends", k
    return "minimum", -1


def vectors_of(point):
    pairs = zip(*point._unknowns, strict=True)
    return [float((x * s).ball(96).mid()) for unit, s in pairs for x in unit]


def parquet(records, digest, header=None):
    schema = pa.schema(
        [
            ("verdict", pa.dictionary(pa.int8(), pa.string())),
            ("face", pa.int32()),
            ("w", pa.list_(pa.float64())),
        ],
        metadata={
            "reluenum": json.dumps(
                header or {"format": "reluenum-certificate", "version": 1, "problem_sha256": digest}
            )
        },
    )
    columns = [list(column) for column in zip(*records, strict=True)] or [[], [], []]
    arrays = [pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)]
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), stream)
    return stream.getvalue()


def digest_of(problem):
    return hashlib.sha256(json.dumps(problem, sort_keys=True).encode()).hexdigest()


def with_bytes(document, content):
    document["certificate"]["data"] = base64.b64encode(content).decode()
    document["certificate"]["sha256"] = hashlib.sha256(content).hexdigest()
    return document


def certified(document, records, exact):
    """A document with a certificate that fits it on the outside."""
    document = json.loads(json.dumps(document)) | {"completeness": "certificate"}
    digest = digest_of(document["problem"])
    document["certificate"] = {
        "format": "reluenum-certificate",
        "version": 1,
        "problem_sha256": digest,
        "records": len(records),
        "exact": copy.deepcopy(exact),
    }
    return with_bytes(document, parquet(records, digest))


def pieces(problem, every_point_exact=False):
    return enumerate_minima(problem).document, *records_of(problem, every_point_exact)


@pytest.fixture(scope="module")
def reference():
    return pieces(reference_problem(2, "1/10"))


@pytest.fixture(scope="module")
def degenerate():
    return pieces(EXAMPLE_2)


# What is right is accepted.


@pytest.mark.parametrize("ridge", ["1/100", "1/10", "3/10"])
@pytest.mark.parametrize("width", [1, 2])
def test_the_reference_instance_is_proved(width, ridge, tmp_path):
    document, records, exact = pieces(reference_problem(width, ridge))
    report = checked(certified(document, records, exact), tmp_path)
    assert report.components == len(document["components"])
    assert report.records == len(records) == document["enumeration"]["supports_examined"]


@pytest.mark.parametrize("width", [1, 2, 3])
def test_the_worked_examples_are_proved(width, tmp_path):
    for problem in (EXAMPLE_1, EXAMPLE_2):
        checked(certified(*pieces(problem.with_width(width))), tmp_path)


@pytest.mark.parametrize("width", [1, 2])
@pytest.mark.parametrize("bias", ["none", "free", "ridge"])
def test_symmetric_data_are_proved(width, bias, tmp_path):
    """Equal losses of different residuals, and many exact zeros."""
    for targets in (["1", "-1", "1"], ["1", "0", "-1"], ["0", "0", "0"]):
        problem = Problem.from_text(
            [["-1"], ["0"], ["1"]], targets, width, "1/10", output_bias=bias
        )
        checked(certified(*pieces(problem, every_point_exact=True)), tmp_path)


@pytest.mark.parametrize("loss", ["sum", "mean"])
@pytest.mark.parametrize("bias", ["none", "free", "ridge"])
@pytest.mark.parametrize(
    ("size", "dimension", "width", "special"),
    [
        (4, 1, 2, ""),
        (3, 2, 1, ""),
        (4, 1, 2, "tie"),
        (4, 2, 1, "line"),
        (2, 2, 2, ""),
        (1, 1, 2, ""),
    ],
)
def test_random_problems_are_proved(size, dimension, width, special, loss, bias, tmp_path):
    seed = 100 * size + 10 * dimension + len(loss) + len(bias)
    problem = random_problem(
        seed, size, dimension, width, "1/7", special, loss=loss, output_bias=bias
    )
    checked(certified(*pieces(problem)), tmp_path)


def test_recorded_vectors_may_be_rough(reference, tmp_path):
    document, records, exact = copy.deepcopy(reference)
    generator = random.Random(1)
    for record in records:
        if record[2]:
            record[2] = [x * (1 + 1e-9 * generator.uniform(-1, 1)) for x in record[2]]
    checked(certified(document, records, exact), tmp_path)
    for record in records:
        if record[2]:
            record[2] = [x * (1 + 1e-4 * generator.uniform(-1, 1)) for x in record[2]]
    assert checked(certified(document, records, exact), tmp_path).polished > 0


def test_a_certificate_may_lie_beside_its_document(reference, tmp_path):
    document = certified(*reference)
    content = base64.b64decode(document["certificate"].pop("data"))
    document["certificate"]["file"] = "records.parquet"
    refused(document, tmp_path, "there is no file")
    (tmp_path / "records.parquet").write_bytes(content)
    checked(document, tmp_path)
    document["certificate"]["file"] = f"../{tmp_path.name}/records.parquet"
    refused(document, tmp_path, "no name of a file")


def one_unit_each(groups):
    """The network with one unit on each face, in decimals of 30 digits."""

    def root(square, factor):
        with localcontext(prec=60):
            value = (Decimal(square) * Decimal(factor) ** 2).sqrt().copy_sign(Decimal(factor))
        with localcontext(prec=30):
            return format((+value).normalize(), "f")

    squares = [group["sum_a_squared"] for group in groups]
    units = [
        [root(square, entry) for entry in group["direction"]]
        for square, group in zip(squares, groups, strict=True)
    ]
    return {
        "a": [root(s, group["sign"]) for s, group in zip(squares, groups, strict=True)],
        "B": [unit[:-1] for unit in units],
        "c": [unit[-1] for unit in units],
    }


def every_width_of_example_1():
    """The document for all widths of Example 1 of docs/theory.md, written by hand."""
    first = {"face": "+0", "sign": 1, "multiplicity": None, "sum_a_squared": "0.96"}
    second = {"face": "0+", "sign": -1, "multiplicity": None, "sum_a_squared": "0.24"}
    first["direction"], second["direction"] = ["-0.6", "0.8"], ["0.8", "0.6"]
    unit = Fraction(1, 10**29)

    def entry(loss, *groups):
        middle = Fraction(loss)
        return {
            "width_min": len(groups),
            "dimension": 0,
            "loss": loss,
            "loss_interval": [str(middle - unit), str(middle + unit)],
            "on_boundary": True,
            "global_at_width": None,
            "global_at_every_width": len(groups) == 2,
            "orbit_size": len(groups),
            "strata": [{"dimension": 0, "support": list(groups), "zero_neurons": 0}],
            "representative": one_unit_each(groups),
        }

    return {
        "format": "reluenum-minima",
        "version": 1,
        "problem": EXAMPLE_1.to_document() | {"width": "all"},
        "enumeration": {
            "sign_matrices": None,
            "realisable_patterns": None,
            "patterns_up_to_permutation": None,
            "supports_examined": 15,
            "stationary": 3,
            "locally_minimal": 3,
            "undecided": 0,
        },
        "complete": True,
        "components": [entry("3.4", first, second), entry("3.56", first), entry("4.84", second)],
        "every_width": {
            "by_size": [
                {"size": 1, "examined": 5, "stationary": 2, "locally_minimal": 2, "not_global": 2},
                {"size": 2, "examined": 10, "stationary": 1, "locally_minimal": 1, "not_global": 0},
            ],
            "global": {"supports": [["+0", "0+"]], "smallest": 2, "connected_from": 3},
            "widths": [
                {"width": 1, "components": 2},
                {"width": 2, "components": 3},
                {"width": 3, "components": 3},
            ],
        },
    }


def test_every_width_of_a_worked_example_is_proved(tmp_path):
    records, exact = records_of(EXAMPLE_1.with_width(2))
    document = certified(every_width_of_example_1(), records, exact)
    assert checked(document, tmp_path).components == 3
    for part in ("every_width", "enumeration", "components"):
        for path, value in leaves(document[part]):
            for other in alterations(value)[:3]:
                refused(replaced(document, (part, *path), other), tmp_path)
    for key in ("by_size", "global", "widths"):
        less = {k: v for k, v in document["every_width"].items() if k != key}
        refused(document | {"every_width": less}, tmp_path, "every_width")


# What is not, is not: records.


def test_no_record_may_be_missing_or_doubled(reference, tmp_path):
    document, records, exact = reference
    for k in (0, 20, len(records) - 1):
        refused(certified(document, records[:k] + records[k + 1 :], exact), tmp_path, "records")
        refused(certified(document, records[: k + 1] + records[k:], exact), tmp_path, "records")
        swapped = [*records[:k], records[(k + 9) % len(records)], *records[k + 1 :]]
        if swapped[k][:2] != records[k][:2]:
            refused(certified(document, swapped, exact), tmp_path)


@pytest.mark.parametrize("kind", VERDICTS)
def test_no_verdict_can_be_changed_to_another_one(reference, kind, tmp_path):
    """Each claim excludes the others, except that several faces may be those that leave."""
    document, records, exact = reference
    chosen = [k for k, record in enumerate(records) if record[0] == kind]
    donor = next(record[2] for record in reversed(records) if record[2])
    for k in random.Random(2).sample(chosen, min(3, len(chosen))):
        size = 1 if k < 17 else 2
        for other in (*VERDICTS, "undecided", "Minimum", None, ""):
            if other == kind:
                continue
            for face in range(-1, size):
                w = None if other == "reducible" else records[k][2] or donor[: 2 * size]
                changed = [*records[:k], [other, face, w], *records[k + 1 :]]
                refused(certified(document, changed, exact), tmp_path)


def test_the_face_of_a_record_matters(reference, tmp_path):
    """Out of range it is refused; otherwise the claim on the other face has to be true."""
    document, records, exact = reference
    for k, (verdict, _, w) in enumerate(records[:40]):
        outside = 0 if verdict == "minimum" else -1
        for place in (outside, 2, 10**6, None):
            changed = [*records[:k], [verdict, place, w], *records[k + 1 :]]
            refused(certified(document, changed, exact), tmp_path, f"record {k} ")
    outcomes = {"proved": 0, "refused": 0}
    for k, (verdict, face, w) in enumerate(records[17:], start=17):
        if verdict in ("leaves", "reducible", "descends"):
            changed = [*records[:k], [verdict, 1 - face, w], *records[k + 1 :]]
            try:
                checked(certified(document, changed, exact), tmp_path)
                outcomes["proved"] += 1
            except CertificateError:
                outcomes["refused"] += 1
    assert outcomes["refused"] > 10


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 0.0])
def test_destroyed_vectors_prove_nothing(reference, value, tmp_path):
    document, records, exact = reference
    described = {entry["support"] for entry in exact}
    faces = [face.signs for face in Arrangement.of(reference_problem(2, "1/10")).live_faces]
    supports = [s for m in (1, 2) for s in combinations(faces, m)]
    chosen = [
        k
        for k, (verdict, _, w) in enumerate(records)
        if w and verdict != "leaves" and "|".join(supports[k]) not in described
    ]
    for k in chosen[:6]:
        verdict, face, w = records[k]
        changed = [*records[:k], [verdict, face, [value] * len(w)], *records[k + 1 :]]
        refused(certified(document, changed, exact), tmp_path, f"record {k} ")


def test_vectors_have_the_right_length(reference, tmp_path):
    document, records, exact = reference
    k = next(k for k, record in enumerate(records) if record[0] == "minimum")
    for w in (None, [], records[k][2][:-1], [*records[k][2], 0.0], [None] * len(records[k][2])):
        changed = [*records[:k], ["minimum", -1, w], *records[k + 1 :]]
        refused(certified(document, changed, exact), tmp_path, f"record {k} ")
    k = next(k for k, record in enumerate(records) if record[0] == "reducible")
    changed = [*records[:k], [*records[k][:2], [1.0, 2.0]], *records[k + 1 :]]
    refused(certified(document, changed, exact), tmp_path, f"record {k} ")


# Exact descriptions.


def test_an_exact_zero_needs_its_description(degenerate, tmp_path):
    document, records, exact = degenerate
    assert {"+0", "0+"} <= {entry["support"] for entry in exact}
    for text in ("+0", "0+"):
        others = [entry for entry in exact if entry["support"] != text]
        refused(certified(document, records, others), tmp_path, "not known well enough")


def test_wrong_descriptions_are_refused(degenerate, tmp_path):
    document, records, exact = degenerate
    entry = exact[0]
    wrong = [
        entry | {"chi": [0, 0, 1]},
        entry | {"chi": [1]},
        entry | {"chi": []},
        entry | {"chi": ["1/2", 1]},
        entry | {"chi": "12"},
        entry | {"root": 1},
        entry | {"root": -1},
        entry | {"root": True},
        entry | {"support": "-+"},
        entry | {"support": "--"},
        entry | {"support": ""},
        entry | {"support": "+0|+0"},
        entry | {"coordinates": entry["coordinates"][:-1]},
        entry | {"coordinates": [*entry["coordinates"][:-1], ["-1"]]},
        entry | {"coordinates": [*entry["coordinates"][:-1], ["1", "1", "1"]]},
        entry | {"coordinates": None},
        entry | {"more": 1},
        {},
        None,
    ]
    for other in wrong:
        refused(certified(document, records, [other, *exact[1:]]), tmp_path)
    refused(certified(document, records, [*exact, entry]), tmp_path, "given twice")
    refused(certified(document, records, None), tmp_path)


def test_a_description_is_substituted(tmp_path):
    """sqrt(2) is not a solution because it is near one; nor is another root of the right chi."""
    document, records, exact = pieces(SYMMETRIC, every_point_exact=True)
    checked(certified(document, records, exact), tmp_path)
    for k, entry in enumerate(exact):
        for place in range(len(entry["coordinates"])):
            other = copy.deepcopy(entry)
            other["coordinates"][place] = ["1/3"]
            refused(
                certified(document, records, [*exact[:k], other, *exact[k + 1 :]]),
                tmp_path,
                re.escape(entry["support"]),
            )


# The document.


def leaves(value, path=()):
    """Yield the paths of everything in a JSON value that is no container."""
    if isinstance(value, dict | list):
        for key, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(child, (*path, key))
    else:
        yield path, value


def alterations(value):
    """Wrong values in place of one of the document."""
    if isinstance(value, bool):
        return [not value, int(value), None]
    if isinstance(value, int):
        return [value + 1, value - 1, str(value), float(value), None]
    if value is None:
        return [0, 1, True]
    digits = [k for k, c in enumerate(value) if c.isdigit()]
    changed = [value[:k] + str((int(value[k]) + 1) % 10) + value[k + 1 :] for k in digits]
    return [*changed, f"-{value}", f"{value}0", f"{value}e999999999", "NaN", "", None, 0]


@pytest.fixture(scope="module", params=["reference", "degenerate"])
def proof(request):
    """A document with its proof, made once, against which other documents are held."""
    document = certified(*request.getfixturevalue(request.param))
    data = Data(document["problem"])
    with ctx.workprec(LEVELS[0]):
        content = base64.b64decode(document["certificate"]["data"])
        heading = one_problem(document["problem"], document["certificate"])
        _, records = read_records(io.BytesIO(content), heading, 99)
        found = Proof(data, read_descriptions(data, document["certificate"]["exact"]))
        found.read(records)
        return document, Landscape(found)


def test_every_entry_of_every_component_counts(proof):
    """Every digit of every decimal, every flag and every number, one by one."""
    document, landscape = proof
    landscape.check(document["components"])
    tried = 0
    for path, value in leaves(document["components"]):
        for other in alterations(value):
            changed = replaced(document, ("components", *path), other)["components"]
            with pytest.raises(REFUSALS):
                landscape.check(changed)
            tried += 1
    assert tried > 500


def test_the_list_of_components_is_complete_and_sorted(proof):
    document, landscape = proof
    components = document["components"]
    for k, component in enumerate(components):
        wrong = [components[:k] + components[k + 1 :], components[: k + 1] + components[k:]]
        for key in component:
            wrong.append([*components[:k], {**component, key: None}, *components[k + 1 :]])
            less = {name: value for name, value in component.items() if name != key}
            wrong.append([*components[:k], less, *components[k + 1 :]])
        wrong.append([*components[:k], component | {"more": 1}, *components[k + 1 :]])
        for strata in ([], component["strata"] * 2, component["strata"][1:], None, [None]):
            other = component | {"strata": strata}
            wrong.append([*components[:k], other, *components[k + 1 :]])
        for changed in wrong:
            with pytest.raises(REFUSALS):
                landscape.check(changed)
    if len(components) > 1:
        with pytest.raises(CertificateError, match="sorted"):
            landscape.check([components[-1], *components[:-1]])
    for malformed in (None, {}, [None], [[]], [{"strata": [{"support": [{}]}]}]):
        with pytest.raises(REFUSALS):
            landscape.check(malformed)


def test_counts_and_headings_are_checked(reference, tmp_path):
    document = certified(*reference)
    checked(document, tmp_path)
    for path, value in leaves(document):
        if path[0] in ("enumeration", "format", "version", "complete", "problem") or (
            path[0] == "certificate" and path[1] != "exact"
        ):
            others = alterations(value)[:3] if path[-1] != "data" else ["", "AAAA", "%", None, 1]
            for other in [*others, None]:
                refused(replaced(document, path, other), tmp_path)
    for key in ("format", "version", "problem", "enumeration", "complete", "components"):
        refused({name: value for name, value in document.items() if name != key}, tmp_path)
    refused({k: v for k, v in document.items() if k != "certificate"}, tmp_path, "no certificate")
    for key in document["certificate"]:
        less = {k: v for k, v in document["certificate"].items() if k != key}
        refused(document | {"certificate": less}, tmp_path)


def test_a_certificate_belongs_to_one_problem(reference, tmp_path):
    """Changed data are refused, with old and with renewed digests."""
    document, records, exact = reference
    for change in (
        {"ridge": "2/10"},
        {"loss": "mean"},
        {"output_bias": "free"},
        {"width": 1},
        {"y": [*document["problem"]["y"][1:], "1"]},
        {"x": [["1/2"], *document["problem"]["x"][1:]]},
        {"width": "all"},
    ):
        problem = document["problem"] | change
        refused(certified(document, *reference[1:]) | {"problem": problem}, tmp_path, "problem")
        refused(certified(document | {"problem": problem}, records, exact), tmp_path)


def test_damaged_parquet_is_refused(reference, tmp_path):
    document, records, _ = reference
    good = certified(*reference)
    content = base64.b64decode(good["certificate"]["data"])
    digest = digest_of(document["problem"])
    for damaged in (b"", content[:-1], content[: len(content) // 2], b"PAR1" * 9, content[9:]):
        refused(with_bytes(copy.deepcopy(good), damaged), tmp_path)
    generator = random.Random(3)
    for _ in range(40):
        place = generator.randrange(len(content))
        damaged = bytearray(content)
        damaged[place] ^= 1 << generator.randrange(8)
        other = copy.deepcopy(good)
        other["certificate"]["data"] = base64.b64encode(damaged).decode()
        refused(other, tmp_path, "sha256")
        with_bytes(other, bytes(damaged))
        with contextlib.suppress(CertificateError):  # the last bits of some w are harmless
            checked(other, tmp_path)
    for header in (
        {},
        [],
        {"format": "reluenum-certificate", "version": 2, "problem_sha256": digest},
    ):
        refused(with_bytes(copy.deepcopy(good), parquet(records, digest, header or [1])), tmp_path)


def test_whatever_is_no_document_is_refused(tmp_path):
    path = tmp_path / "minima.json"
    deep = "[" * 100_000 + "]" * 100_000
    doubled = '{"format": "reluenum-minima", "format": "reluenum-minima"}'
    for text in ("", "{", "[]", "null", "1", '{"format": "reluenum-minima"}', deep, doubled):
        path.write_text(text)
        with pytest.raises(CertificateError):
            verify(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CertificateError):
        verify(path)


def test_decimals_are_the_nearest_ones_and_half_way_either_one():
    """2 + 10^-29 / 2 is half way and exact in no ball, 10^30 + 5 is so and exact in all of them."""
    above = "1".rjust(29, "0")
    for value, texts in (
        (fmpq(2), ["2"]),
        (fmpq(1, 3), ["0." + "3" * 30]),
        (fmpq(4 * 10**29 + 1, 2 * 10**29), ["2", f"2.{above}"]),
        (fmpq(10**30 + 5), ["1E+30", f"1.{above}E+30"]),
    ):
        assert nearest(value, 1, 256) == set(texts)
        assert nearest(-value, 1, 256) == {f"-{text}" for text in texts}
    assert nearest(fmpq(1), 2, 64) is None


@pytest.mark.parametrize(("seed", "dimension"), [(0, 1), (1, 1), (2, 1), (3, 2)])
def test_the_rows_that_are_asked_tell_on_which_side_of_a_face_a_unit_is(seed, dimension):
    """Against all rows, for units of its flat and for those on its walls."""
    data = Data(random_problem(seed, 6, dimension, 1, "1/10").to_document())
    generator, found = random.Random(seed), Counter()
    units = [[fmpq(generator.randint(-9, 9)) for _ in range(data.depth)] for _ in range(40)]
    units += [[-row[1], row[0], *row[2:]] for row in data.rows]  # in the plane, 0 on a row
    for face, unit in product(data.faces, units):
        u = (face.flat.exact * fmpq_mat([[x] for x in unit])).entries()
        signs = {
            sign_of(dot(u, row)) * (1 if face.active >> i & 1 else -1)
            for i, row in enumerate(data.rows)
            if not face.zeros >> i & 1
        }
        side = signs.pop() if len(signs) == 1 else 0
        asked = {sign_of(dot(u, row)) for row in face.sides.exact.tolist()}
        assert (asked.pop() if len(asked) == 1 else 0) == side
        found[side] += 1
    assert min(found[-1], found[0], found[1]) > 20


@pytest.mark.parametrize("ridge", ["1/100", "1/2"])
def test_a_ball_around_a_minimum_is_as_small_as_half_its_bits(ridge):
    """From any w with eight digits: Newton steps go to where |u_F| = Lambda."""
    problem = reference_problem(2, ridge)
    data, checked_balls = Data(problem.to_document()), 0
    for component in enumerate_minima(problem):
        groups = component.strata[0].groups
        if component.dimension or not groups:
            continue
        support = tuple(data.place_of[group.face.signs] for group in groups)
        pairs = [(group.sign * float(group.square), group.direction) for group in groups]
        w = [[[float(x) * s * (1 + 1e-9)] for x in unit] for s, unit in pairs]
        core = Core(data, support, list(map(arb_mat, w)), None, None)
        for residual in core.residuals(LEVELS[2]):
            assert residual.radius < arb(2) ** (16 - residual.bits // 2)
            checked_balls += 1
    assert checked_balls >= len(LEVELS[2:])


# The command, and independence.


def test_exit_codes(reference, tmp_path, capsys):
    path = tmp_path / "minima.json"
    path.write_text(json.dumps(certified(*reference)))
    assert main([str(path)]) == 0
    assert capsys.readouterr().out.startswith("proved: 6 components from 153 records")
    path.write_text(json.dumps(reference[0]))
    assert main([str(path)]) == 1
    assert "no certificate" in capsys.readouterr().out
    assert main([str(tmp_path / "absent.json")]) == 2
    path.write_text("x,y\n1,2\n")
    assert main([str(path)]) == 2
    assert "no JSON" in capsys.readouterr().err
    assert main([]) == 2


def functions_of(module):
    """The functions and methods of a module of the checker, in its order."""
    tree = ast.parse((SOURCE / f"{module.replace('.', '/')}.py").read_text())
    found = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return sorted(found, key=lambda node: node.lineno)


def sources_of(text):
    """The statements of the theory that a text cites."""
    label = r"(?:Theorem|Lemma|Corollary) (?:D\d+|[A-G](?:\.\d)?|\d+(?:\.\d|a)?)"
    return set(re.findall(label, text))


def modules_of_the_checker():
    """Their names, those of its inner room after a dot."""
    return {
        ".".join(path.relative_to(SOURCE).with_suffix("").parts) for path in SOURCE.rglob("*.py")
    }


def test_every_claim_of_the_page_is_a_short_function_in_its_order_that_cites_the_same():
    page = (SOURCE.parent.parent / "docs/certificate.md").read_text()
    item = r"^(\d+)\. `([\w.]+)\.(\w+)`(.*?)(?=^\d+\. |^#|\Z)"
    claims = re.findall(item, page, re.MULTILINE | re.DOTALL)
    assert [int(number) for number, *_ in claims] == list(range(1, len(claims) + 1))
    order = dict.fromkeys(module for _, module, *_ in claims)
    others = modules_of_the_checker() - set(order)
    found = []
    for module in [*order, *others]:
        for function in functions_of(module):
            text = ast.get_docstring(function) or ""
            if match := re.match(r"Claim (\d+): ", text):
                found.append((match[1], module, function.name, sources_of(text)))
                assert function.end_lineno - function.lineno < 25, function.name
    assert found == [(*claim, sources_of(text)) for *claim, text in claims]


def branches(function):
    """The number of ways on in a function: statements, conditions and comprehensions."""
    ways = (ast.If, ast.IfExp, ast.For, ast.While, ast.ExceptHandler, ast.match_case)
    nodes = list(ast.walk(function))
    loops = [node for node in nodes if isinstance(node, ast.comprehension)]
    return sum(isinstance(node, ways) for node in nodes) + sum(1 + len(x.ifs) for x in loops)


def test_no_function_of_the_checker_has_more_than_eight_branches():
    counted = [
        (module, function.name, branches(function))
        for module in modules_of_the_checker()
        for function in functions_of(module)
    ]
    assert len(counted) > 100
    assert [entry for entry in counted if entry[-1] > 8] == []


def test_the_checker_shares_no_code_with_the_solver():
    rooms = {"bounds", "boxes", "cones", "creases", "deep", "fans", "hinges", "spires", "trees"}
    modules = modules_of_the_checker() | rooms
    assert len(modules) > 15
    for name in modules - rooms:
        path = SOURCE.joinpath(*name.split(".")).with_suffix(".py")
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                assert not any(alias.name.startswith("reluenum") for alias in node.names)
            if isinstance(node, ast.ImportFrom) and node.level:
                room = name.split(".")[: -node.level]
                assert ".".join([*room, node.module]) in modules
            elif isinstance(node, ast.ImportFrom):
                assert not node.module.startswith("reluenum")


def test_the_checker_runs_alone(reference, tmp_path):
    """In a folder of its own, where nothing of the package can be imported."""
    shutil.copytree(SOURCE, tmp_path / "checker", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "minima.json").write_text(json.dumps(certified(*reference)))
    block = (
        "import sys; sys.modules['reluenum'] = None; import runpy; sys.argv[1:] = ['minima.json']"
    )
    command = [sys.executable, "-c", f"{block}; runpy.run_module('checker', run_name='__main__')"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("proved: ")


# What the solver writes.


def solved(problem, every_width=False, exact=False):
    question = EveryWidth if every_width else AtWidth
    return certify_problem(problem, question=question, exact=exact).document


@pytest.mark.parametrize("seed", range(120))
def test_certificates_of_the_engine_prove_random_instances(seed, tmp_path):
    """The instances on which both engines are compared, half of them degenerate."""
    document = solved(drawn(seed))
    assert checked(document, tmp_path).records == document["enumeration"]["supports_examined"]


@pytest.mark.parametrize("seed", range(24))
def test_certificates_of_every_width_prove_random_instances(seed, tmp_path):
    problem = drawn(seed)
    if problem.size * problem.dimension <= 4:
        checked(solved(problem, every_width=True), tmp_path)


@pytest.mark.parametrize("ridge", ["1/100", "1/10", "3/10"])
def test_the_reference_is_proved_at_every_width(ridge, tmp_path):
    assert checked(solved(reference_problem(1, ridge), every_width=True), tmp_path).records == 9401


def test_minimal_polynomials_of_losses_are_checked(tmp_path):
    document = solved(reference_problem(2, "1/100"), exact=True)
    checked(document, tmp_path)
    path = ("components", 1, "loss_minimal_polynomial")
    polynomial = document["components"][1]["loss_minimal_polynomial"]
    other = document["components"][0]["loss_minimal_polynomial"]
    for wrong in (other, polynomial[:-1], [str(-int(c)) for c in polynomial], []):
        refused(replaced(document, path, wrong), tmp_path)
    plain = solved(reference_problem(2, "1/100"))
    plain["components"][1]["loss_minimal_polynomial"] = polynomial
    refused(plain, tmp_path, "no exact description")


def mutated(document, generator):
    """One random change of a record or of the document, and what kind it is."""
    content = base64.b64decode(document["certificate"]["data"])
    rows = pq.read_table(io.BytesIO(content)).to_pylist()
    records = [(row["verdict"], row["face"], row["w"]) for row in rows]
    k = generator.randrange(len(records))
    verdict, face, w = records[k]
    kinds = ("drop", "double", "verdict", "w", "swap", "data", "entry", "byte")
    others = [j for j, record in enumerate(records) if record[0] != verdict]
    possible = {"w": w, "swap": others}
    kind = generator.choice([kind for kind in kinds if possible.get(kind, True)])
    match kind:
        case "drop":
            del records[k]
        case "double":
            records.insert(k, records[k])
        case "verdict":
            records[k] = (generator.choice([v for v in VERDICTS if v != verdict]), face, w)
        case "w":
            value = generator.choice([float("nan"), float("inf"), 1e30, 0.0])
            records[k] = (verdict, face, [value] * len(w))
        case "swap":
            j = generator.choice(others)
            records[j], records[k] = records[k], records[j]
        case "byte":
            place = generator.randrange(len(content))
            flipped = bytes([content[place] ^ (1 << generator.randrange(8))])
            changed = copy.deepcopy(document)
            changed["certificate"]["data"] = base64.b64encode(
                content[:place] + flipped + content[place + 1 :]
            ).decode()
            return kind, changed
        case _:
            parts = ["problem"] if kind == "data" else ["components", "components", "enumeration"]
            part = generator.choice(parts)
            path, value = generator.choice(list(leaves(document[part])))
            return kind, replaced(document, (part, *path), generator.choice(alterations(value)))
    changed = copy.deepcopy(document)
    changed["certificate"]["records"] = len(records)
    return kind, with_bytes(changed, parquet(records, digest_of(document["problem"])))


@pytest.mark.parametrize("seed", range(8))
def test_random_single_mutations_are_refused(seed, tmp_path):
    """Of records, bytes, data and entries: 40 a seed."""
    generator = random.Random(seed)
    problems = [reference_problem(2, "1/100"), drawn(2), drawn(9), drawn(33)]
    document = solved(problems[seed % len(problems)])
    kinds = Counter()
    for _ in range(40):
        kind, changed = mutated(document, generator)
        refused(changed, tmp_path)
        kinds[kind] += 1
    assert len(kinds) >= 5
