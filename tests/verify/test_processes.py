"""Strata shared by processes: the same proof, or the same refusal."""

import json
import os
import pickle
from random import Random

import pytest
from flint import arb, ctx

from reluenum import Problem
from reluenum.groebner.workers import WORKERS
from reluenum.verify import CertificateError, verify
from reluenum.verify.processes import Processes
from tests.support.towers import tower_document

pytestmark = pytest.mark.seconds(8)


@pytest.mark.parametrize("bits", [53, 190, 1000])
def test_balls_are_sent_exactly(bits):
    draw = Random(bits)
    with ctx.workprec(bits):
        balls = [arb(draw.gauss(0, 1)) / 3 + arb(0, 2 ** -draw.uniform(0, bits)) for _ in range(50)]
        balls += [arb(0), arb(3), arb(0, 1), arb(1, 2**-900), -(arb(2) ** 700)]
    sent = pickle.dumps(balls)
    with ctx.workprec(30):
        pairs = zip(balls, pickle.loads(sent), strict=True)
        assert all(a.mid() == b.mid() and a.rad() == b.rad() for a, b in pairs)


def test_a_number_that_is_not_known_stays_so():
    assert not pickle.loads(pickle.dumps(arb(0, "inf"))).is_finite()


def test_a_process_that_dies_proves_nothing():
    with pytest.raises(CertificateError, match="ended without an answer"):
        list(Processes(2, WORKERS).answers(os._exit, [(1,), (1,), (1,)]))


@pytest.fixture(scope="module")
def document():
    inputs = [["-17/100"], ["44/100"], ["-1"]]
    return tower_document(Problem.from_text(inputs, ["5/100", "102/100", "61/100"], [2, 1], "1/10"))


def said(document, path, jobs):
    """What a checker says of a document."""
    path.write_text(json.dumps(document))
    try:
        return str(verify(path, jobs=jobs, context=WORKERS))
    except CertificateError as error:
        return str(error)


def test_the_report_does_not_depend_on_the_number_of_processes(document, tmp_path):
    path = tmp_path / "minima.json"
    one, other = (said(document, path, jobs) for jobs in (1, 2))
    assert one == other
    assert one.startswith("proved")


def test_the_first_stratum_that_is_refused_is_told_of(document, tmp_path):
    strata, path = document["certificate"]["strata"], tmp_path / "minima.json"
    worse = [[text, items if k < 4 else [[9.0, 9.0]]] for k, (text, items) in enumerate(strata)]
    worse = document | {"certificate": document["certificate"] | {"strata": worse}}
    one, other = (said(worse, path, jobs) for jobs in (1, 2))
    assert one == other
    assert one.startswith(f"stratum {strata[4][0]}")


def test_no_process_is_too_few(tmp_path):
    with pytest.raises(ValueError, match="at least 1"):
        verify(tmp_path / "minima.json", jobs=0)
