"""`reluenum basins`: files in, files out, exit codes."""

import json

import pytest

from reluenum import read_basins, read_landscape
from reluenum.cli import main
from reluenum.errors import BackendError, IncompleteRunError

DATA = "x,y\n-0.17,0.05\n0.44,1.02\n-1,0.61\n-0.4,-0.36\n-0.71,-1.32\n"


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text(DATA)
    return path


def run(*arguments):
    return main([*map(str, arguments)])


@pytest.mark.parametrize("engine", ["groebner", "certified"])
def test_a_document_and_its_data_give_the_same_bytes(tmp_path, data, engine):
    asked = ["--width", 1, "--ridge", "1/100", "--engine", engine]
    assert run("minima", data, *asked, "--output", tmp_path / "minima.json") == 0
    assert run("basins", tmp_path / "minima.json", "--output", tmp_path / "one.json") == 0
    assert run("basins", data, *asked, "--output", tmp_path / "two.json") == 0
    assert run("basins", tmp_path / "one.json", "--output", tmp_path / "three.json") == 0
    texts = {(tmp_path / f"{name}.json").read_bytes() for name in ("one", "two", "three")}
    assert len(texts) == 1
    document = json.loads(texts.pop())
    assert (document["format"], document["version"]) == ("reluenum-basins", 1)
    assert document["minima"] == json.loads((tmp_path / "minima.json").read_text())


def test_other_commands_find_the_list_in_it(tmp_path, data, capsys):
    asked = ["--width", 2, "--ridge", "1/100", "--output"]
    assert run("minima", data, *asked, tmp_path / "minima.json") == 0
    assert run("basins", tmp_path / "minima.json", "--output", tmp_path / "basins.json") == 0
    told = []
    for name in ("minima", "basins"):
        assert run("facts", tmp_path / f"{name}.json") == 0
        told.append(capsys.readouterr().out)
    assert told[0] == told[1]


def test_without_a_file_the_document_goes_to_standard_output(data, capsys):
    assert run("basins", data, "--width", 1, "--ridge", "1/100", "--labelled") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["labelled"]
    assert [leaf["units"] for leaf in document["leaves"]] == [["++---"], ["--+-0"], ["+0+++"]]


def test_every_width_has_numbers_of_basins(tmp_path, data):
    output = tmp_path / "all.json"
    assert run("basins", data, "--width", "all", "--ridge", "3/10", "--output", output) == 0
    document = json.loads(output.read_text())
    assert [row["basins"] for row in document["every_width"]["widths"]] == [2, 1, 1, 1, 1, 1]


def test_a_large_certificate_is_copied_beside_the_document(tmp_path, data, monkeypatch):
    monkeypatch.setattr("reluenum.engines.certified.prove.INLINE", 0)
    asked = ["--width", 1, "--ridge", "1/100", "--engine", "certified", "--output"]
    assert run("minima", data, *asked, tmp_path / "minima.json") == 0
    (tmp_path / "other").mkdir()
    output = tmp_path / "other/tree.json"
    assert run("basins", tmp_path / "minima.json", "--output", output) == 0
    certificate = json.loads(output.read_text())["minima"]["certificate"]
    assert certificate["file"] == "tree.certificate.parquet"
    copy = tmp_path / "other/tree.certificate.parquet"
    assert copy.read_bytes() == (tmp_path / "minima.certificate.parquet").read_bytes()
    assert run("basins", output, "--output", tmp_path / "again.json") == 0
    for read in (read_basins, read_landscape):  # and so it is from Python
        saved = tmp_path / "other" / f"{read.__name__}.json"
        read(output).save(saved)
        assert read_landscape(saved).basins().merges == read_basins(output).merges
    copy.unlink()
    with pytest.raises(IncompleteRunError, match=f"{copy.name}, the certificate: No such file"):
        read_basins(output).save(tmp_path / "none.json")
    assert not (tmp_path / "none.json").exists()


def every_width(folder):
    """A list for every width, of two points."""
    (folder / "two.csv").write_text("x,y\n0,1\n1,2\n")
    asked = ["--width", "all", "--ridge", "1/10", "--output", folder / "two.json"]
    assert run("minima", folder / "two.csv", *asked) == 0
    return json.loads((folder / "two.json").read_text())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["data.csv"], "--width: missing"),
        (["data.csv", "--width", "1"], "--ridge: missing"),
        (["none.json"], "none.json: No such file"),
        (["minima.json", "--width", "1"], "--width: given with a document"),
        (["minima.json", "--target", "y"], "--target: given with a document"),
        (["minima.json", "--output-bias", "free"], "--output-bias: given with a document"),
        (["minima.json", "--output", "minima.json"], "is the file with the data"),
        (["minima"], "the name of a document ends in .json"),
        (["other.json"], "no document of kind reluenum-minima"),
        (["uncounted.json"], "uncounted.json is damaged"),
        (["twice.json"], "twice.json: two basins of the list are one"),
        (["apart.json"], "minima.certificate.parquet, the certificate: No such file"),
        (["every.json", "--output", "new.json"], "every.json: every.certificate.parquet, the"),
        (["gap.json"], "the certificate is not the one of the document"),
        (["short.json"], "short.json: a component appears that holds not exactly one basin"),
        (
            ["data.csv", "--width", "all", "--ridge", "1", "--labelled", "--output", "new.json"],
            "--labelled: given with every",
        ),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(
    tmp_path, data, monkeypatch, capsys, arguments, message
):
    monkeypatch.chdir(tmp_path)
    asked = ["--width", 1, "--ridge", "1/100", "--engine", "certified", "--output"]
    assert run("minima", data, *asked, "minima.json") == 0
    document = json.loads((tmp_path / "minima.json").read_text())
    (tmp_path / "other.json").write_text('{"format": "reluenum-basins", "version": 1}')
    short = document | {"components": document["components"][1:]}
    (tmp_path / "short.json").write_text(json.dumps(short))
    twice = document | {"components": document["components"][:1] + document["components"]}
    (tmp_path / "twice.json").write_text(json.dumps(twice))
    uncounted = document | {"enumeration": {"undecided": 1}}
    (tmp_path / "uncounted.json").write_text(json.dumps(uncounted))
    apart = {"file": "minima.certificate.parquet", "sha256": ""}
    (tmp_path / "apart.json").write_text(json.dumps(document | {"certificate": apart}))
    every = json.loads(json.dumps(every_width(tmp_path)))
    every["certificate"] = {"file": "every.certificate.parquet", "sha256": ""}
    (tmp_path / "every.json").write_text(json.dumps(every))
    document["certificate"]["data"] = "AAAA"
    (tmp_path / "gap.json").write_text(json.dumps(document))
    before = sorted(tmp_path.iterdir())
    assert run("basins", *arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before


def test_without_an_answer_there_is_no_tree(tmp_path, data, monkeypatch, capsys):
    """What backends do not tell ends with exit code 3, and what is undecided in the list, too."""

    def unanswered(*_):
        raise BackendError("msolve", "no answer")

    asked = ["--width", 1, "--ridge", "1/100", "--output", tmp_path / "minima.json"]
    assert run("minima", data, *asked) == 0
    monkeypatch.setattr("reluenum.basins.vertices.Vertices.loss", unanswered)
    assert run("basins", tmp_path / "minima.json", "--output", tmp_path / "basins.json") == 3
    assert "msolve: no answer" in capsys.readouterr().err
    document = json.loads((tmp_path / "minima.json").read_text())
    document["enumeration"]["undecided"] = 1
    document["undecided"] = [{"support": "+++++", "reason": "too slow"}]
    (tmp_path / "gaps.json").write_text(json.dumps(document))
    assert run("basins", tmp_path / "gaps.json", "--output", tmp_path / "basins.json") == 3
    assert "1 of 17 supports undecided" in capsys.readouterr().err
    assert not (tmp_path / "basins.json").exists()


@pytest.mark.parametrize("to_file", [False, True])
def test_of_data_the_list_is_written_even_if_no_tree_can_be_grown(
    tmp_path, data, monkeypatch, capsys, to_file
):
    """What took the work is not lost, and the same command goes on from it."""
    monkeypatch.setattr("reluenum.basins.disconnectivity.MOST_POINTS", 1)
    output = tmp_path / "basins.json"
    asked = ["--width", 1, "--ridge", "1/100", *(["--output", output] if to_file else [])]
    assert run("basins", data, *asked) == 3
    printed, error = capsys.readouterr()
    assert error.count("\n") == 1
    assert error.endswith("; the list of minima is written without a tree\n")
    document = json.loads(output.read_text() if to_file else printed)
    assert document["format"] == "reluenum-minima"
    (tmp_path / "minima.json").write_text(json.dumps(document))
    assert run("basins", tmp_path / "minima.json") == 2
    assert run("basins", tmp_path / "minima.json", "--force") == 0


def test_what_belongs_to_data_is_refused_beside_a_document(tmp_path, data, capsys):
    asked = ["--width", 1, "--ridge", "1/100", "--output", tmp_path / "minima.json"]
    assert run("minima", data, *asked) == 0
    for option in (["--weights", "v"], ["--hidden-bias", "none"], ["--activation", "abs"]):
        capsys.readouterr()
        assert run("basins", tmp_path / "minima.json", *option) == 2
        assert capsys.readouterr().err.startswith(f"reluenum: {option[0]}: given with a document")
