"""What a program gets from `reluenum` can be copied, pickled and sent to another process."""

import copy
import inspect
import pickle
from enum import Enum

import pytest
from flint import fmpq, fmpq_mat, fmpq_poly

import reluenum
from reluenum import Problem, enumerate_minima, read_basins, read_landscape, ridge_path
from reluenum.documents.results import to_json

FREE = {"output_bias": "free", "hidden_bias": "free"}

WAYS = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda value: pickle.loads(pickle.dumps(value)),
}


def said(thing):
    """What an object has to say, in a form that can be compared."""
    if isinstance(thing, Problem):
        return thing.digest, thing.names
    if isinstance(thing, reluenum.Location):
        return to_json(dict(thing.record))
    if isinstance(thing, reluenum.Atlas):
        return repr(thing), len(thing.components)
    if hasattr(thing, "to_document"):
        return to_json(thing.to_document())
    return to_json(dict(thing.document))


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A result of every public kind, of every kind of hidden bias."""
    problem = Problem.from_arrays([-1, 0, 1], [2, 0, 1], width=1, ridge=0.1)
    found = enumerate_minima(problem)
    free = Problem.from_arrays([0, 1, 2, 3], [0, 1, 0, 1], 1, ridge=0.1, **FREE)
    plane = Problem.from_arrays([[0, 0], [1, 0], [0, 1]], [0, 1, 2], 1, ridge=0.1, **FREE)
    folder = tmp_path_factory.mktemp("copies")
    found.save(folder / "minima.json")
    found.basins().save(folder / "basins.json")
    path = ridge_path(free, 1, points=3)
    path.events, path.lowest  # noqa: B018 (what is cached is copied as well)
    return [
        problem,
        found,
        enumerate_minima(free),
        enumerate_minima(plane),
        read_landscape(folder / "minima.json"),
        found.basins(),
        read_basins(folder / "basins.json"),
        found.stability(errors=0.01),
        found.locate(a=[1.04], B=[[-0.46]], c=[0.93]),
        ridge_path(problem, "1/5", points=2),
        path,
        reluenum.atlas(),
    ]


def test_every_public_kind_of_result_is_copied_and_says_the_same(results):
    kinds = {type(thing) for thing in results}
    public = {getattr(reluenum, name) for name in reluenum.__all__}
    classes = {thing for thing in public if inspect.isclass(thing)}
    others = {c for c in classes if issubclass(c, Enum | Exception)} | {reluenum.Names}
    assert classes - others <= kinds
    for thing in results:
        for name, way in WAYS.items():
            assert said(way(thing)) == said(thing), (name, type(thing))


def test_the_same_component_of_a_copied_path():
    problem = Problem.from_arrays([0, 1, 2, 3], [0, 1, 0, 1], 1, ridge=0.1, **FREE)
    path = WAYS["pickle"](ridge_path(problem, 1, points=2))
    assert [str(c.exact_loss) for c in path.components_at("1/10")][:2] == ["59/75", "59/75"]
    with pytest.raises(reluenum.InputError):
        path.components_at(2)


def test_matrices_and_polynomials_are_pickled():
    for value in (fmpq_mat([[1, fmpq(1, 2)], [0, 3]]), fmpq_mat(0, 2), fmpq_poly([1, fmpq(2, 3)])):
        assert WAYS["pickle"](value) == value
