"""The checker, attacked by someone who makes every hash fit, and how it says what it proved."""

import base64
import copy
import hashlib
import io
import json
import random
import subprocess
import sys
import sysconfig
from math import comb

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from flint import arb, ctx, fmpz, fmpz_poly

from reluenum import Problem
from reluenum.cli import main
from reluenum.documents.results import to_json
from reluenum.engines.certified.prove import certify_problem
from reluenum.engines.certified.questions import AtWidth, EveryWidth
from reluenum.verify import CertificateError, verify
from reluenum.verify import main as check
from reluenum.verify.document import claimed_faces
from reluenum.verify.pages import row_groups
from reluenum.verify.reals import Root
from tests.support.checking import checked, refused
from tests.support.oracles import reference_problem

ONE = Problem.from_text([["-3/4"], ["4/3"]], ["2", "-1"], 2, "1")

TIED = Problem.from_text([["-3/4"], ["3/4"]], ["2", "-2"], 2, "6/5", output_bias="free")


def solved(problem, every_width=False):
    question = EveryWidth if every_width else AtWidth
    return certify_problem(problem, question=question).document


@pytest.fixture(scope="module")
def documents():
    return {"one": solved(ONE), "tied": solved(TIED), "all": solved(ONE, every_width=True)}


def contents(document):
    return base64.b64decode(document["certificate"]["data"])


def with_bytes(document, content):
    """The document with another Parquet file, and the checksum of that."""
    record = {
        "data": base64.b64encode(content).decode(),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    return document | {"certificate": document["certificate"] | record}


# Nothing beside the statements that are checked.

LIES = {
    "undecided": [{"support": "+0", "reason": "flint: not solved within 1 s"}],
    "every_width": {"by_size": [], "global": None, "widths": []},
    "sign_matrices": {"examined": "16", "refuted": "12", "realisable": 4, "refuted_columns": []},
    "seal": "0" * 64,
    "note": "no local minimum is global",
    "": None,
}


def objects(value, way=()):
    """Yield the place of every JSON object in a value."""
    if isinstance(value, dict):
        yield way
    for key, part in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(part, dict | list):
            yield from objects(part, (*way, key))


def changed(document, way, **more):
    other = copy.deepcopy(document)
    place = other
    for key in way:
        place = place[key]
    place.update(more)
    return other


def test_no_key_that_is_unknown_is_accepted_anywhere(documents, tmp_path):
    tried = 0
    for document in documents.values():
        checked(document, tmp_path)
        for way in objects(document):
            for key, lie in LIES.items():
                if key not in document or way:
                    refused(changed(document, way, **{key: lie}), tmp_path)
                    tried += 1
    assert tried > 200


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("completeness", ["theorem E", "engine", "proof", None, True, ["certificate"]]),
        ("software", [None, [], {}, "flint 3", {"flint": "3.2"}]),
        ("decided_by", [None, [], {}, {"double": 15}, {"double": 1, "balls": 0, "exact": 0}]),
        ("undecided", [[], None]),
    ],
)
def test_what_stands_under_a_known_key_has_the_right_shape(key, values, documents, tmp_path):
    for value in values:
        refused(documents["one"] | {key: value}, tmp_path)
    for entry in documents["one"].get(key, ()):
        if isinstance(documents["one"][key], dict):
            for value in ({}, "see below", True, -1, 1.5):
                refused(changed(documents["one"], (key,), **{entry: value}), tmp_path)


def test_a_key_that_stands_twice_is_refused_also_in_the_metadata(documents, tmp_path):
    document = documents["one"]
    table = pq.read_table(io.BytesIO(contents(document)))
    heading = table.schema.metadata[b"reluenum"]
    for metadata in (
        {b"reluenum": b'{"version": 2, ' + heading[1:]},
        {b"reluenum": heading, b"note": b"no local minimum is global"},
    ):
        stream = io.BytesIO()
        pq.write_table(table.replace_schema_metadata(metadata), stream)
        refused(with_bytes(document, stream.getvalue()), tmp_path)
    stream = io.BytesIO()
    pq.write_table(table, stream)
    checked(with_bytes(document, stream.getvalue()), tmp_path)


# What it proved.


def test_a_report_says_what_was_proved_and_what_was_not_looked_at(documents, tmp_path):
    report = str(checked(documents["tied"], tmp_path)).splitlines()
    record = json.dumps(documents["tied"]["problem"], sort_keys=True)
    assert report[1:] == [
        "problem: n = 2, d = 1, width 2, ridge 6/5, loss sum, output bias free",
        f"SHA-256 of `problem`: {hashlib.sha256(record.encode()).hexdigest()}",
        "not checked: `software` (what was installed)",
        "not checked: `decided_by` (how the solver decided the supports; only their number was "
        "checked)",
    ]
    assert report[2].endswith(TIED.digest)
    bare = {k: v for k, v in documents["all"].items() if k not in ("software", "decided_by")}
    report = str(checked(bare, tmp_path)).splitlines()
    assert report[1].startswith("problem: n = 2, d = 1, width all, ridge 1, loss sum")
    assert len(report) == 3


def test_the_data_are_compared_as_rational_numbers(documents, tmp_path):
    path = tmp_path / "minima.json"
    path.write_text(to_json(documents["one"]))
    assert verify(path, ([["-75/100"], ["8/6"]], ["2", "-1"])).compared
    for inputs, targets, text in (
        ([["-3/4"], ["4/3"]], ["2", "1"], "row 2 of the data, column y: 1 in the file, -1 in the"),
        ([["3/4"], ["4/3"]], ["2", "1"], "row 1 of the data, column x: 3/4 in the file, -3/4 in"),
        ([["-3/4"]], ["2"], "the data file has 1 rows and 1 inputs, the document 2 and 1"),
        ([["-3/4", "1"], ["4/3", "1"]], ["2", "-1"], "2 rows and 2 inputs"),
        ([], [], "0 rows"),
    ):
        with pytest.raises(CertificateError, match=text):
            verify(path, (inputs, targets))


def test_the_command_compares_with_a_data_file(documents, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "minima.json").write_text(to_json(documents["one"]))
    (tmp_path / "same.csv").write_text("y,x\n2.0,-75e-2\n-1,4/3\n")
    (tmp_path / "other.csv").write_text("x,y\n-3/4,2\n1.3333,-1\n")
    (tmp_path / "bad.csv").write_text("x,y\n-3/4,two\n")
    assert main(["verify", "minima.json", "same.csv"]) == 0
    assert "data: those of the data file, number by number\n" in capsys.readouterr().out
    (tmp_path / "named.csv").write_text("dose;effect\n-0,75;2\n4/3;-1\n")
    options = ["--inputs", "dose", "--target", "effect", "--separator", "semicolon"]
    assert main(["verify", "minima.json", "named.csv", *options, "--decimal", "comma"]) == 0
    capsys.readouterr()
    assert main(["verify", "minima.json", "other.csv"]) == 1
    text = "row 2 of the data, column x: 13333/10000 in the file, 4/3 in the document"
    assert text in capsys.readouterr().err
    assert main(["verify", "bad.csv"]) == 2
    assert "FILE: bad.csv: no JSON" in capsys.readouterr().err
    assert main(["verify", "minima.json", "bad.csv"]) == 2
    assert "bad.csv, row 2, column y" in capsys.readouterr().err
    assert main(["verify", "minima.json", "absent.csv"]) == 2
    assert main(["verify", "minima.json", "--inputs", "dose"]) == 2
    assert "DATA.csv: no file; expected" in capsys.readouterr().err


# The working folder.

PLANTED = "print('proved: nothing'); raise SystemExit(0)\n"


def run_alone(folder, *options):
    """Run the checker in a folder, as somebody who has installed the package."""
    library = sysconfig.get_path("purelib")
    source = str(__import__("reluenum").__path__[0]).removesuffix("/reluenum")
    command = [sys.executable, *options, "-m", "reluenum.verify", "minima.json"]
    return subprocess.run(
        command,
        cwd=folder,
        env={"PYTHONPATH": f"{source}:{library}"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_modules_in_the_working_folder_are_not_imported(documents, tmp_path):
    (tmp_path / "minima.json").write_text(json.dumps(documents["one"] | {"complete": False}))
    for name in ("base64", "json", "flint", "pyarrow", "hashlib", "dataclasses"):
        (tmp_path / f"{name}.py").write_text(PLANTED)
    done = run_alone(tmp_path)
    expected = "not proved: the document claims no completeness\n"
    assert (done.returncode, done.stdout) == (1, expected)
    for name in ("reluenum", "pkgutil"):  # Python itself looks for these first, unless told not to
        (tmp_path / f"{name}.py").write_text(PLANTED)
    done = run_alone(tmp_path, "-P")
    assert (done.returncode, done.stdout) == (1, expected)


class ClosedPipe:
    def write(self, text):
        raise BrokenPipeError


def test_a_reader_who_has_gone_is_no_fault_of_the_file(documents, tmp_path, monkeypatch):
    (tmp_path / "minima.json").write_text(json.dumps(documents["one"]))
    monkeypatch.setattr(sys, "stdout", ClosedPipe())
    with pytest.raises(BrokenPipeError):
        check([str(tmp_path / "minima.json")])


def test_the_checker_imports_nothing_else_of_the_package():
    code = (
        "import sys, reluenum.verify;"
        "print([m for m in sys.modules if m.startswith('reluenum.') and '.verify' not in m])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# Memory and time.


def varint(value):
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def forged(content):
    """Yield Parquet files whose footer, or a header of a page, says something else somewhere."""
    size = int.from_bytes(content[-8:-4], "little")
    body, footer = content[: -8 - size], content[-8 - size : -8]
    for k in range(size):
        for value in (2**32 - 2, 2**34, 2**62):
            changed = footer[:k] + varint(value) + footer[k + 1 :]
            yield body + changed + len(changed).to_bytes(4, "little") + b"PAR1"
    for k in range(len(body)):
        large = varint(2**32 - 2)
        yield body[:k] + large + body[k + len(large) :] + content[len(body) :]


PEAK = r"""
import json, pathlib, re, sys
from reluenum.verify import CertificateError, verify
found = 0
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.json")):
    try:
        verify(path)
    except CertificateError:
        found += 1
print(found, re.search(r"VmHWM:\s*(\d+) kB", pathlib.Path("/proc/self/status").read_text())[1])
"""


def peak(folder):
    """Return how many documents of a folder are refused, and the kilobytes that this takes."""
    command = [sys.executable, "-c", PEAK, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return map(int, done.stdout.split())


def test_a_parquet_file_that_lies_about_its_size_takes_no_memory(documents, tmp_path):
    """Every byte of footer and headers is tried that can be the length of something."""
    document = documents["one"]
    generator = random.Random(1)
    files = list(forged(contents(document)))
    for k, content in enumerate(generator.sample(files, 400)):
        (tmp_path / f"{k}.json").write_text(json.dumps(with_bytes(document, content)))
    count, kilobytes = peak(tmp_path)
    assert count > 300
    assert kilobytes < 500_000


def rewritten(document, change, **settings):
    """The document with changed records, written by another writer."""
    table = pq.read_table(io.BytesIO(contents(document)))
    rows = table.to_pylist()
    change(rows)
    fields = [("verdict", pa.string()), ("face", pa.int32()), ("w", pa.list_(pa.float64()))]
    schema = pa.schema(fields, metadata=table.schema.metadata)
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), stream, **settings)
    return with_bytes(document, stream.getvalue())


def test_small_files_that_stand_for_much_take_little_memory(documents, tmp_path):
    document = documents["one"]
    for compression in ("zstd", "snappy", "gzip", "none"):
        for version in ("1.0", "2.0"):
            settings = {"compression": compression, "data_page_version": version}
            settings |= {"row_group_size": 4}
            checked(rewritten(document, lambda rows: None, **settings), tmp_path)
    changes = [
        lambda rows: rows[0].update(w=[0.0] * 20_000_000),
        lambda rows: rows[0].update(verdict="a" * 30_000_000),
        lambda rows: rows.extend(rows[:1] * 3_000_000),
    ]
    for k, change in enumerate(changes):
        other = rewritten(document, change, compression="zstd")
        assert len(contents(other)) < 100_000
        (tmp_path / f"{k}.json").write_text(json.dumps(other))
    values = "[" + "[]," * (1 << 23) + "[]]"  # 25 megabytes that become a gigabyte
    (tmp_path / "values.json").write_text(values)
    (tmp_path / "minima.json").unlink()
    count, kilobytes = peak(tmp_path)
    assert count == 4
    assert kilobytes < 500_000


def test_encodings_that_multiply_texts_are_not_read(documents, tmp_path):
    encodings = {"verdict": "DELTA_BYTE_ARRAY"}
    other = rewritten(
        documents["one"], lambda rows: None, use_dictionary=False, column_encoding=encodings
    )
    refused(other, tmp_path, "an encoding that is not read")


def test_the_certificate_of_an_honest_writer_is_read_page_by_page(documents):
    for document in documents.values():
        ((rows, chunks),) = row_groups(io.BytesIO(contents(document)))
        assert rows == document["certificate"]["records"]
        assert [values == rows for _, _, values in chunks[:2]] == [True, True]


@pytest.mark.parametrize("width", [1, 2, 7, 40, "all"])
def test_the_number_of_records_tells_how_many_faces_there_are(width):
    for faces in (1, 2, 9, 17, 53):
        largest = min(faces, 5 if width == "all" else width)
        count = sum(comb(faces, size) for size in range(1, largest + 1))
        problem = {"x": [[f"{k}/2"] for k in range(5)], "y": ["0"] * 5, "width": width}
        assert claimed_faces(problem, count) == faces
        if width == 2 and faces > 2:
            with pytest.raises(CertificateError, match="not those of all supports"):
                claimed_faces(problem, count + 1)
    with pytest.raises(CertificateError, match="not those of all supports"):
        claimed_faces(problem, 10**40)


def described(document, chi, coordinate=("1",), root=0):
    """The document with an exact description of its first component."""
    (group, *_) = document["components"][0]["strata"][0]["support"]
    entry = {"support": group["face"], "chi": [str(fmpz(c)) for c in chi], "root": root}
    entry["coordinates"] = [list(coordinate)] * 3
    return document | {"certificate": document["certificate"] | {"exact": [entry]}}


def clustered(degree, digits):
    """x^degree - 2 (a x - 1)^2: irreducible, with two roots that are extremely near (Mignotte)."""
    a = 10**digits - 1
    return [-2, 4 * a, -2 * a * a, *[0] * (degree - 3), 1]


def scattered(degree, digits):
    """A polynomial of odd degree that 2 proves irreducible (Eisenstein), with long coefficients."""
    draw = random.Random(degree)
    first, *inner, last = (2 * draw.randrange(10**digits) for _ in range(degree + 1))
    return [2 * (first + 1), *inner, last + 1]


def test_exact_descriptions_are_bounded_by_degree_and_length_together(documents, tmp_path):
    document = documents["one"]
    refused(described(document, scattered(901, 290)), tmp_path, "degree of chi")
    refused(described(document, scattered(127, 4000)), tmp_path, "numbers are too long")
    refused(described(document, [-2, 0, 1], ["1" * 200_000]), tmp_path, "numbers are too long")
    for degree, digits in ((33, 9000), (63, 5000), (127, 2000)):  # as large as honest ones
        refused(described(document, scattered(degree, digits)), tmp_path, "does not solve")


def test_what_is_too_much_is_refused_before_it_is_read(documents, tmp_path):
    document = described(documents["one"], [-2, 0, 1], ["x"])
    refused(document, tmp_path, "'x' is no fraction")
    document["certificate"]["exact"][0]["coordinates"].append(["x"])
    refused(document, tmp_path, "wrong number of coordinates")
    footer = b"\x16" + b"\xff" * 100  # an integer that does not end
    content = b"PAR1" + footer + len(footer).to_bytes(4, "little") + b"PAR1"
    refused(with_bytes(documents["one"], content), tmp_path, "a number has no end")


def test_roots_that_hardly_differ_are_not_told_apart_at_any_price(documents, tmp_path):
    for degree, digits in ((3, 5000), (64, 1000)):
        text = "cannot be told apart"
        pair = described(documents["one"], clustered(degree, digits), root=1 - degree % 2)
        refused(pair, tmp_path, text)
    # With a gap that is wide enough for the precision they are two roots.
    assert len(fmpz_poly(clustered(3, 5)).complex_roots()) == 3
    refused(described(documents["one"], clustered(3, 5)), tmp_path, "does not solve")
    refused(described(documents["one"], clustered(3, 5), root=3), tmp_path, "only 3 real roots")


@pytest.mark.parametrize("exponent", [8, 200, 800])
def test_complex_roots_that_are_near_do_not_hide_real_ones(exponent):
    """10^e (t^10 - 3 t^8) + 3 at t = x - 1 is irreducible (Eisenstein), and eight roots are near 1.

    Two of these are real, 1 - s and 1 + s with s = 10^(-e/8) but for a factor 1 + O(s^2).
    """
    large = 10**exponent
    chi = fmpz_poly([3, *[0] * 7, -3 * large, 0, large])(fmpz_poly([-1, 1]))
    roots = [Root(chi, k) for k in range(4)]
    with ctx.workprec(1024):
        step = arb(10) ** (-exponent // 8)
        wide, *near, other = [root.ball(1000) - 1 for root in roots]
        values = (-arb(3).sqrt(), -step, step, arb(3).sqrt())
        for root, value in zip((wide, *near, other), values, strict=True):
            assert abs(root / value - 1) < step * step
    with pytest.raises(CertificateError, match="only 4 real roots"):
        Root(chi, 4)


@pytest.mark.parametrize(
    "problem",
    [
        reference_problem(1, "1/100"),
        Problem.from_text([["1", "2"], ["0", "1"], ["1", "2"]], ["1", "2", "0"], 1, "1/10"),
    ],
    ids=["reference", "repeated inputs"],
)
def test_a_document_with_its_own_data_is_proved(problem, tmp_path):
    path = tmp_path / "minima.json"
    path.write_text(to_json(solved(problem)))
    assert verify(path, (problem.inputs, problem.targets)).compared
