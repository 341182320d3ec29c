"""Proofs in parts, and records shared by processes: the same proof, or the same refusal."""

import json

import numpy as np
import pytest

from reluenum import Problem, enumerate_minima
from reluenum.cli import main
from reluenum.documents import faces
from reluenum.documents.faces import with_table
from reluenum.verify import CertificateError, Share, verify, verify_part
from reluenum.verify.boxes import tree
from reluenum.verify.cones import tree as tree_of_cones
from reluenum.verify.trees import batches, leaves
from reluenum.verify.trees import parts as of_parts
from tests.support.boxes import boxed
from tests.support.cones import coned
from tests.support.trees import content_of, records_of, said, with_records, with_tree

pytestmark = pytest.mark.seconds(20)


def noise(dimension):
    """Six points at random, two units."""
    draw = np.random.default_rng(4)
    x = [[f"{v}/97" for v in row] for row in draw.integers(-97, 98, (6, dimension)).tolist()]
    y = [f"{v}/100" for v in draw.integers(-150, 150, 6).tolist()]
    return Problem.from_text(x, y, 2, "1/10")


@pytest.fixture(scope="module", params=["boxes", "cones", "faces in a table"])
def document(request):
    if request.param == "cones":
        return coned(noise(2))
    found = boxed(noise(1))
    if request.param == "boxes":
        return found
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(faces, "MOST_SIGNS", 1)
        return with_table(found)


@pytest.fixture(autouse=True)
def few_together(monkeypatch):
    """Few boxes and leaves at a time, so that there is something to share."""
    for module in (batches, tree, tree_of_cones, leaves, of_parts):
        monkeypatch.setattr(module, "SIZES", batches.Sizes(nodes=5, boxes=5, records=2))


def in_parts(document, folder, parts):
    """The document in a file, what its parts say, and the files of those that are proved."""
    path, said, files = folder / "minima.json", [], []
    path.write_text(json.dumps(document))
    for part in range(1, parts + 1):
        try:
            record = verify_part(path, Share(part, parts))
        except CertificateError as error:
            said.append(str(error))
            continue
        said.append("proved")
        files.append(folder / f"part-{part}.json")
        files[-1].write_text(json.dumps(record))
    return path, said, files


@pytest.mark.parametrize("parts", [1, 3])
def test_all_parts_prove_what_the_whole_does(document, parts, tmp_path):
    path, said, files = in_parts(document, tmp_path, parts)
    assert said == ["proved"] * parts
    whole, put_together = str(verify(path)), str(verify(path, parts=files))
    lines = put_together.splitlines()
    assert f"believed: {parts} parts, in which others have checked boxes and records" in lines
    assert [line for line in lines if not line.startswith("believed")] == whole.splitlines()
    record = json.loads(files[0].read_text())
    assert (record["format"], record["version"]) == ("reluenum-part", 1)
    assert (record["part"], record["parts"], record["proved"]) == (1, parts, True)


def test_what_is_wrong_is_found_in_one_part(document, tmp_path):
    records = records_of(document)
    records[4]["w"] = [100 * x + 1 for x in records[4]["w"]]
    _, said, _ = in_parts(with_records(document, records), tmp_path, 3)
    assert said[:2] == ["proved", "proved"]
    assert said[2].startswith("record 4 ")


def test_a_box_that_is_called_empty_is_found_in_one_part(document, tmp_path):
    """The first leaf with a minimum, whichever byte it is."""
    content, records = content_of(document), records_of(document)
    number = [record["verdict"] for record in records].index("minimum")
    kept = with_records(document, records[:number] + records[number + 1 :])
    kept["certificate"]["records"] -= 1
    refusals = set()
    for place in (k for k, byte in enumerate(content) if byte == 1):
        changed = with_tree(kept, [*content[:place], 0, *content[place + 1 :]])
        _, said, _ = in_parts(changed, tmp_path, 2)
        refusals |= {words.partition("not seen")[1] for words in said if words != "proved"}
        if [("not seen" in words) for words in said].count(True) == 1:
            break
    assert "not seen" in refusals


CHANGES = {
    "one too many": (lambda files, _: files.append(files[0]), "parts: 3 should be 4"),
    "one is missing": (lambda files, _: files.pop(), "parts: 3 should be 2"),
    "one is there twice": (lambda files, _: files.__setitem__(1, files[0]), "there twice"),
    "of other bytes": (lambda _, records: records[1].update(sha256="0" * 64), "sha256"),
    "not proved": (lambda _, records: records[1].update(proved=False), "part: proved"),
    "out of range": (lambda _, records: records[1].update(part=4), "no part with this number"),
    "no part": (lambda _, records: records[1].update(format="reluenum-minima"), "format"),
    "more in it": (lambda _, records: records[1].update(more=1), "unknown entry 'more'"),
    "divided otherwise": (lambda _, records: records[1]["batches"].update(boxes=7), "batches"),
    "no number": (lambda _, records: records[1].update(polished=None), "no numbers"),
}


@pytest.fixture(scope="module")
def line():
    return boxed(noise(1))


@pytest.mark.parametrize("change", CHANGES)
def test_each_part_has_to_be_there_once(line, change, tmp_path):
    path, _, files = in_parts(line, tmp_path, 3)
    records, kept, (make, text) = (
        [json.loads(f.read_text()) for f in files],
        [*files],
        CHANGES[change],
    )
    make(files, records)
    for file, record in zip(kept, records, strict=True):
        file.write_text(json.dumps(record))
    with pytest.raises(CertificateError, match=text):
        verify(path, parts=files)


def test_parts_are_those_of_the_same_bytes(line, tmp_path):
    path, _, files = in_parts(line, tmp_path, 2)
    path.write_text(json.dumps(line, indent=1))
    with pytest.raises(CertificateError, match="sha256"):
        verify(path, parts=files)
    files[1].write_text("{")
    with pytest.raises(CertificateError, match="no JSON"):
        verify(path, parts=files[1:])


def test_the_rest_is_proved_with_parts_as_well(line, tmp_path):
    """List and enumeration, and that a record stands for each leaf."""
    counts, others = line["enumeration"], line["components"][1:]
    worse = [line | {"components": others}, line | {"enumeration": counts | {"boxes": 1}}]
    for document in worse:
        path, said, files = in_parts(document, tmp_path, 2)
        assert said == ["proved", "proved"]
        with pytest.raises(CertificateError):
            verify(path, parts=files)


def test_other_certificates_have_no_parts(tmp_path):
    """Nor have lists without one."""
    problem = noise(1)
    for engine in ("certified", "groebner"):
        few = Problem(problem.inputs[:3], problem.targets[:3], 1, problem.ridge)
        path = tmp_path / "minima.json"
        path.write_text(json.dumps(enumerate_minima(few, engine=engine).document))
        with pytest.raises(CertificateError, match="parts: only of reluenum-boxes"):
            verify_part(path, Share(1, 2))


def test_processes_say_what_one_says_of_records(document, tmp_path):
    """Of an honest list, and of one with two wrong records: the first one is told of."""
    records = records_of(document)
    for k in (3, 4):
        records[k]["face"] = 9
    for changed, start in ((document, "proved"), (with_records(document, records), "record 3 ")):
        one, other = (said(changed, tmp_path / "minima.json", jobs) for jobs in (1, 2))
        assert one == other
        assert one[0].startswith(start)


def test_the_command_writes_parts_and_takes_them(line, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "minima.json").write_text(json.dumps(line))
    for part in ("1/2", "2/2"):
        name = f"part-{part[0]}.json"
        assert main(["verify", "minima.json", "--part", part, "--output", name]) == 0
    assert capsys.readouterr() == ("", "")
    assert main(["verify", "minima.json", "--parts", "part-1.json", "part-2.json"]) == 0
    assert "believed: 2 parts" in capsys.readouterr().out
    assert main(["verify", "minima.json", "--parts", "part-1.json"]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    for wrong in (
        ["--part", "3/2"],
        ["--part", "1"],
        ["--output", "part.json"],
        ["--part", "1/2", "--parts", "part-1.json"],
        ["--parts", "missing.json"],
    ):
        assert main(["verify", "minima.json", *wrong]) == 2
        captured = capsys.readouterr()
        assert (captured.out, captured.err.count("\n")) == ("", 1)
