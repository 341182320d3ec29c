"""Documents about many points have each face once, and say the same."""

import json

import pytest

from reluenum import Problem, enumerate_minima, read_landscape
from reluenum.documents.faces import MOST_SIGNS, with_table, without_table
from reluenum.documents.minima import read_minima
from reluenum.documents.results import to_json
from reluenum.documents.seals import read_json
from reluenum.errors import IncompleteRunError
from tests.support.boxes import boxed
from tests.support.checking import checked, refused

SITES = (("-1", "1"), ("1/2", "-2"), ("2", "3"))


def copied(points, width=2):
    """Three inputs, repeated to so many data points: few faces, with many signs."""
    rows = [SITES[k % 3] for k in range(points)]
    return Problem.from_text([[x] for x, _ in rows], [y for _, y in rows], width, "1/10")


def groups_of(document):
    strata = (s for component in document["components"] for s in component["strata"])
    return [group for stratum in strata for group in stratum["support"]]


@pytest.fixture(scope="module")
def plain():
    """A list with the signs of every unit written out."""
    return enumerate_minima(copied(MOST_SIGNS + 2), engine="certified").document


@pytest.fixture
def listed(plain):
    """The same list as it stands in a file."""
    return json.loads(to_json(plain))


def test_up_to_so_many_points_every_unit_has_its_signs():
    document = enumerate_minima(copied(MOST_SIGNS), engine="certified").document
    assert with_table(document) is document
    assert json.loads(to_json(document)) == document


def test_beyond_them_each_face_is_written_once(plain, listed):
    texts = [group["face"] for group in groups_of(plain)]
    places = [group["face"] for group in groups_of(listed)]
    assert len(set(texts)) < len(texts)
    assert listed["faces"] == sorted(set(texts))
    assert [listed["faces"][place] for place in places] == texts
    assert len(to_json(plain)) < len(json.dumps(plain, indent=1)) - 257 * len(set(texts)) / 2


def test_both_forms_are_read_as_one(plain, listed, tmp_path):
    path = tmp_path / "minima.json"
    for document in (plain, listed):
        path.write_text(json.dumps(document))
        assert read_json(path) == read_minima(path) == plain
        assert read_landscape(path).document == plain
    assert without_table(listed) == plain


def test_a_document_of_basins_has_the_table_in_its_list(plain, listed, tmp_path):
    basins = read_landscape(_written(tmp_path, plain)).basins()
    document = json.loads(to_json(basins.document))
    assert document["minima"] == listed
    assert checked(document, tmp_path).components == len(plain["components"])
    assert read_json(_written(tmp_path, document)) == basins.document


def _written(folder, document):
    path = folder / "document.json"
    path.write_text(to_json(document))
    return path


def test_the_checker_proves_both_forms(plain, listed, tmp_path):
    assert str(checked(plain, tmp_path)) == str(checked(listed, tmp_path))


def swapped(table):
    return [*table[1::-1], *table[2:]]


LIES = {
    "a sign": (lambda t: [t[0].replace("+", "-", 1), *t[1:]], "ascending|no stratum"),
    "a sign of the last one": (lambda t: [*t[:-1], t[-1][:-1] + "0"], "no stratum"),
    "one twice": (lambda t: [t[0], *t], "or one twice"),
    "another order": (swapped, "not in ascending order"),
    "one that is not used": (lambda t: [*t, "0" * 258], "one is not used"),
    "none": (lambda _: [], "there is no number"),
    "one too few": (lambda t: t[:-1], "there is no number"),
    "a number": (lambda t: [*t[:-1], 7], "no list of texts"),
    "no list": (lambda t: dict(enumerate(t)), "no list of texts"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_table_that_is_wrong_is_refused(lie, listed, tmp_path):
    change, text = LIES[lie]
    refused(listed | {"faces": change(listed["faces"])}, tmp_path, text)


@pytest.mark.parametrize("place", [-1, 10**6, True, 1.0, "0", None])
def test_a_place_that_is_none_in_the_table_is_refused(place, listed, tmp_path):
    groups_of(listed)[-1]["face"] = place
    refused(listed, tmp_path, "there is no number")


def test_a_unit_on_another_face_of_the_table_is_refused(listed, tmp_path):
    group = groups_of(listed)[-1]
    group["face"] = (group["face"] + 1) % len(listed["faces"])
    refused(listed, tmp_path)


def test_a_damaged_table_is_no_document_to_read(listed, tmp_path):
    path = tmp_path / "minima.json"
    for table in ([], None, 5):
        path.write_text(json.dumps(listed | {"faces": table}))
        with pytest.raises(IncompleteRunError, match="is not as a run writes it"):
            read_json(path)


def test_lists_by_boxes_have_the_table_too(plain, tmp_path):
    document = boxed(copied(MOST_SIGNS + 2))
    listed = json.loads(to_json(document))
    assert listed["faces"] == with_table(plain)["faces"]
    assert checked(listed, tmp_path).boxes == document["certificate"]["boxes"]
