"""Lists of several hidden layers are complete only if the checker proves them."""

import json

import pytest

from reluenum.documents.minima import minima_document
from reluenum.documents.results import to_json
from reluenum.engines import checked
from reluenum.engines.choice import engine_for
from reluenum.engines.deep.systems.solve import DeepOutcome, DeepOutcomeKind
from reluenum.errors import InputError
from reluenum.problem import Problem
from reluenum.verify import CertificateError, verify

POINTS = Problem.from_arrays([-1, 1], [0, 2], width=[1, 1], ridge="1/2")


def test_a_complete_list_is_proved(tmp_path):
    found = engine_for(POINTS, "certified").landscape(POINTS)
    assert found.is_complete
    path = tmp_path / "minima.json"
    path.write_text(to_json(minima_document(found)))
    assert verify(path).components == len(found.components) == 2


def test_a_list_that_the_checker_does_not_prove_is_not_called_complete(monkeypatch):
    def refuses(path, *_, **__):
        assert json.loads(path.read_text())["complete"]
        raise CertificateError("a stratum: something is not clear")

    whole = engine_for(POINTS, "certified").landscape(POINTS)
    monkeypatch.setattr(checked, "verify", refuses)
    found = engine_for(POINTS, "certified").landscape(POINTS)
    assert not found.is_complete
    assert found.undecided[0].reason.endswith("the list: a stratum: something is not clear")
    losses = [[float(c.loss) for c in either.components] for either in (found, whole)]
    assert losses[0] == losses[1]
    assert [c.global_at_width for c in found.components] == [None, False]
    document = minima_document(found)
    assert not document["complete"]
    assert document["enumeration"]["undecided"] == 1
    assert "isolated; NOT PROVED by the checker" in repr(found)
    assert "isolated; complete by its certificate" in repr(whole)


@pytest.mark.parametrize("widths", [[2, 1], [1, 2], [1, 1, 1]])
def test_every_certified_route_of_several_layers_is_checked(widths):
    problem = Problem.from_arrays([0, 1], [1, 0], width=widths, ridge=2)
    assert isinstance(engine_for(problem, "certified"), checked.CheckedEngine)


@pytest.mark.parametrize("widths", [[1, 1], [1, 2], [1, 1, 1]])
def test_a_constant_network_that_no_backend_finds_is_undecided(widths, monkeypatch):
    def gives_up(problem, stratum, backends):
        return DeepOutcome(stratum, DeepOutcomeKind.UNDECIDED, reason="out of time")

    problem = Problem.from_arrays([0], [3], width=widths, ridge=1)
    assert checked.certified_layers(problem).landscape(problem).is_complete
    monkeypatch.setattr("reluenum.engines.deep.covers.solve_stratum", gives_up)
    found = checked.certified_layers(problem).landscape(problem)
    assert {lost.reason for lost in found.undecided} == {"not all constant networks are known"}


@pytest.mark.parametrize("ridge", ["1e-400", "1e400"])
def test_numbers_that_overflow_in_doubles_are_refused(ridge):
    problem = Problem.from_arrays([-1, 1], [0, 2], width=[1, 1], ridge=ridge)
    with pytest.raises(InputError, match=r"ridge of about 10\^-?400"):
        engine_for(problem, "certified")


def test_a_ridge_too_small_for_doubles_leaves_strata_undecided():
    problem = Problem.from_arrays([-1, 1, 3], [0, 2, 1], width=[1, 1], ridge="1e-13")
    found = checked.certified_layers(problem).landscape(problem)
    assert {lost.reason.partition(" ")[0] for lost in found.undecided} == {"X"}
