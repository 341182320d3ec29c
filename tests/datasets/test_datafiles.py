"""Data files are read exactly, or refused by file, row and column; nothing is guessed."""

import bz2
import gzip
import io
import lzma
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from reluenum import InputError
from reluenum.datasets.datafiles import LARGEST_FILE, parse_csv, read_csv, table_size
from reluenum.datasets.families import to_csv
from reluenum.datasets.layout import Layout


def gzipped(content):
    """Compress without the time of day, which would get into the names of tests."""
    return gzip.compress(content, mtime=0)


PACKERS = (gzipped, bz2.compress, lzma.compress)


HALF = fmpq(1, 2)

POINTS = (((fmpq(-1), HALF), (fmpq(1, 3), fmpq(0))), (fmpq(1, 5), fmpq(100)))


def refusal(text, tmp_path):
    """Write a file, read it, and return the message without its path."""
    path = tmp_path / "mine.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError) as caught:
        read_csv(path)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert message.startswith(str(path))
    return message.removeprefix(str(path)).lstrip(":, ")


@pytest.mark.parametrize(
    "text",
    [
        "x1,x2,y\n-1,1/2,0.2\n1/3,0,1e2\n",
        "x1,x2,y\r\n-1,1/2,0.2\r\n1/3,0,1e2\r\n",
        "x1,x2,y\r-1,1/2,0.2\r1/3,0,1e2",
        "y,x2,x1\n0.2,1/2,-1\n1e2,0,1/3",
        "\ufeffx1,x2,y\n-1,1/2,0.2\n1/3,0,1e2\n\n \n\n",
        '"x1", x2 ,"y"\n\n"-1","1/2",0.2\n" 1/3\n",0,1e2\n',
    ],
    ids=["plain", "windows", "old mac", "other order", "mark and empty lines", "quoted"],
)
def test_file_is_read_exactly(text, tmp_path):
    (tmp_path / "mine.csv").write_bytes(text.encode())
    assert read_csv(tmp_path / "mine.csv") == POINTS
    assert read_csv(str(tmp_path / "mine.csv")) == POINTS


PLAIN = "x1,x2,y\n-1,1/2,0.2\n1/3,0,1e2\n"

ROWS = PLAIN.partition("\n")[2]

COMMENTED = """\
# 5" long, "measured" on a, "Monday
#
x1,x2,y # inputs, inputs, output
-1,1/2,0.2# the first
 # 7,8,9
1/3 , 0 , 1e2  # "the last

# end
"""


WRITTEN = (((fmpq(-1), HALF), (fmpq(3), fmpq(0))), (fmpq(1, 4), fmpq(100)))
"""By NumPy and pandas."""


def savetxt(header, delimiter=","):
    """Return what NumPy writes; its decimals are those of the points."""
    stream = io.BytesIO()
    np.savetxt(stream, [[-1, 0.5, 0.25], [3, 0, 100]], header=header, delimiter=delimiter)
    return stream.getvalue()


def frame(**options):
    """Return what pandas writes."""
    points = pd.DataFrame({"x1": [-1, 3], "x2": [0.5, 0], "y": [0.25, 100]})
    return points.to_csv(**options)


@pytest.mark.parametrize(
    "content",
    [
        COMMENTED,
        f"#x1,x2,y\n{ROWS}",
        f"\ufeff# made by hand\n\n## X1, X2, Y\n# x1, x2 in metres\n{ROWS}",
        f"{PLAIN}\n,\n,,,,\n \n",
        f",\n{PLAIN}",
        "x1,x2,y,\n-1,1/2,0.2,\n1/3,0,1e2,\n",
        "x1,x2,y,,\n-1,1/2,0.2,,\n1/3,0,1e2,,\n,,,,\n",
        "x1,x2,y\n-1,1/2,0.2, \n1/3,0,1e2,\n",
        f"X1,X2,Y\n{ROWS}",
        f"sep=,\r\n{PLAIN}",
        f"x_1,X_2,Y\n{ROWS}",
        f"x0,x1,y\n{ROWS}",
        "y,x_1,X_0\n0.2,1/2,-1\n1e2,0,1/3\n",
        PLAIN.replace("-", "\u2212").replace("1e2", "1000e\u22121"),
        '"x1" , "x2", "y"\n"-1", "1/2" ,"0.2" # "quoted"\n 1/3,0 ,"1e2"# once\n',
        *(PLAIN.encode(encoding) for encoding in ("utf-16", "utf-32", "utf-8-sig")),
        b"\xfe\xff" + PLAIN.replace("\n", "\r").encode("utf-16-be"),
        *(pack(PLAIN.encode()) for pack in PACKERS),
        *(pack(PLAIN[:9].encode()) + pack(PLAIN[9:].encode()) for pack in PACKERS[:2]),
        gzipped(COMMENTED.encode("utf-16")),
    ],
)
def test_file_as_people_have_it_is_read_as_the_plain_one(content, tmp_path, caplog):
    path = tmp_path / "mine"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert read_csv(path) == parse_csv(PLAIN, "plain") == POINTS
    assert table_size(path) == (2, 2)
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("content", "layout"),
    [
        (savetxt("x1,x2,y"), Layout()),
        (savetxt("written on Monday\nx1, x2, y\nby NumPy", ", "), Layout()),
        (savetxt("a b c", " "), Layout("a,b", "c", "space")),
        (savetxt("a\tb\tc", "\t"), Layout(["a", "b"], "c", "tab")),
        (savetxt("x1\tx2\ty", "\t"), Layout(separator=r"\t")),
        (savetxt("x1\tx2\ty", "\t"), Layout(separator="whitespace")),
        (frame(index=False), Layout()),
        (frame(index=False, sep=";", decimal=","), Layout(separator=";", decimal="comma")),
        (frame(sep="|"), Layout("x1, x2", "y", separator="pipe")),
        (frame(sep=";", decimal=","), Layout("x1, x2", "y", separator="semicolon", decimal=",")),
        (frame(header=["b", "a,b", "c"]), Layout('b,"a,b"', "c")),
        (frame(header=["0", "1", "2"]), Layout("0,1", "2")),
        (frame(header=["a", "b", "y"]), Layout("a,b")),
        (frame(header=["x1", "x2", "out"], index=False), Layout(target="out")),
        (frame(header=["x", "Y", "y"]), Layout("x,Y", "y")),
        ('x1;x2;y\n"-1";"0,5";"0,25"\n3;0;100\n', Layout(separator=";", decimal=",")),
        ('x1,x2,y\n-1,"0,5","0,25"\n3,0,100\n', Layout(separator=",", decimal=",")),
        ('"sep=;"\nx1;x2;y\n-1;0,5;0,25\n3;0;100\n', Layout(separator=";", decimal=",")),
        ("  x1   x2 \t y\n-1 0.5\t0.25  \n 3  0 100 # end\n", Layout(separator="space")),
        ('note,b,y,a\nNA,.5,.25,-1\n"a # b",0,100,3\n', Layout("a,b", "y")),
    ],
)
def test_layout_says_what_the_file_does_not(content, layout, tmp_path, caplog):
    path = tmp_path / "mine.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert read_csv(path, layout) == WRITTEN
    assert table_size(path, layout) == (2, 2)
    assert caplog.messages == []


def read_again(text):
    """Return what pandas writes of what it read."""
    return pd.read_csv(io.StringIO(text)).to_csv()


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (frame(), "''"),
        (frame(index_label="Unnamed: 0"), "'Unnamed: 0'"),
        (read_again(frame()), "'' and 'Unnamed: 0'"),
        (read_again(read_again(frame())), "'' and 'Unnamed: 0.1' and 'Unnamed: 0'"),
        (frame().replace("\n0", "\n17").replace("\n1,", "\n3,"), "''"),
        (frame().replace("\n0", "\nJan").replace("\n1,", "\n7,"), "''"),
        (f"#{frame()}", "''"),
    ],
)
def test_index_of_a_frame_is_left_out_and_reported(content, names, caplog):
    told = []
    assert parse_csv(content, "mine", report=told.append) == WRITTEN
    assert told == [f"mine: left out {names} as an index; --inputs and --target choose columns"]
    assert parse_csv(content, "mine", Layout("x1,x2", "y")) == WRITTEN
    assert caplog.messages == []
    parse_csv(content, "mine")
    assert caplog.messages == told


@pytest.mark.parametrize(
    ("text", "layout", "message"),
    [
        ("x;y\n1,5;2,0\n", {}, "row 1: unknown column 'x;y'; .* --separator what separates"),
        ("sep=;\nx;y\n1;2\n", {}, "row 1: unknown column 'sep=;'; .* --separator what separates"),
        ("x;y\n1,5;2,0\n", {"separator": ";"}, r"row 2, column x: '1,5' .*\(--decimal says"),
        ("x y\n1 2\n", {}, "row 1: unknown column 'x y'; .* --separator what separates"),
        ("a,b\n1,2\n", {}, r"row 1: unknown column 'a'; .*\(--inputs and --target name others"),
        ("a,b\n1,2\n", {"target": "b"}, r"row 1: unknown column 'a'; .*\(--inputs and --target"),
        ("a,b\n1,2\n", {"inputs": "a"}, r"row 1: no column y; .*\(--inputs and --target name"),
        ("y,b\n1,2\n", {"inputs": "y"}, r"row 1: no column y; .*\(--inputs and --target name"),
        ("a,b\n1,2\n", {"inputs": "A"}, "row 1: no column 'A'; expected it once among 'a, b', s"),
        ("a;b\n1;2\n", {"inputs": "a"}, "row 1: no column 'a'; .* --separator what separates"),
        ("a,a,y\n1,2,3\n", {"inputs": "a"}, "row 1: column 'a' 2 times; expected it once among"),
        ("1,2\n3,4\n", {"inputs": "1", "target": "2"}, "row 1: numbers, no header; expected a"),
        ("x;y\n1.234,5;1\n", {"separator": ";", "decimal": ","}, "'1.234,5' has a point"),
        ("x;y\n1.5;1\n", {"separator": ";", "decimal": ","}, "row 2, column x: '1.5' has a poi"),
        ("x1,x2,x3\n1,2,3\n", {"target": "x2"}, "row 1: no column x2"),
        ('"x" "y"\n"1" -1 0.2\n"2" 3 4\n', {"separator": " "}, "row 2: 3 cells; .* row names need"),
    ],
)
def test_where_two_readings_are_possible_the_error_names_the_option(text, layout, message):
    with pytest.raises(InputError, match=message):
        parse_csv(text, "mine", Layout(**layout))


@pytest.mark.parametrize(
    ("fields", "where", "found"),
    [
        ({"inputs": ""}, "inputs", "''"),
        ({"inputs": "a,,b"}, "inputs", "'a,,b'"),
        ({"inputs": ["a", "a"]}, "inputs", "'a,a'"),
        ({"inputs": []}, "inputs", "''"),
        ({"inputs": '"a'}, "inputs", "'\"a': unexpected end of data"),
        ({"inputs": 'a,"b"c'}, "inputs", "'a,\"b\"c': ',' expected after '\"'"),
        ({"target": " "}, "target", "''"),
        ({"inputs": "a,b", "target": "a"}, "target", "'a'"),
        ({"separator": "colon"}, "separator", "'colon'"),
        ({"separator": ""}, "separator", "''"),
        ({"decimal": "dot"}, "decimal", "'dot'"),
        ({"decimal": ","}, "decimal", "a comma, and no separator"),
    ],
)
def test_layout_that_contradicts_itself_is_refused(fields, where, found):
    with pytest.raises(InputError) as caught:
        Layout(**fields)
    assert (caught.value.where, caught.value.found) == (where, found)


def test_repeated_points_are_kept():
    assert parse_csv("x,y\n1/2,3\n0.5,3\n", "mine") == (((HALF,), (HALF,)), (fmpq(3), fmpq(3)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x,y\n1,2\nnan,3\n", "row 3, column x: 'nan' is not a finite decimal or fraction; "),
        ("x,y\n1,-inf\n", "row 2, column y: '-inf' is not a finite decimal or fraction; "),
        ("x,y\n1,2\n3, \n", "row 3, column y: an empty cell; expected a decimal, exponent or"),
        ("x,y\n1,2\n,\n3,4\n", "row 3, column x: an empty cell"),
        ("x,y\n1,\n2,\n", "row 2, column y: an empty cell"),
        ("x,y\n5%,2\n", "row 2, column x: '5%' is not a finite decimal"),
        ("x,y\n1,NA\n", "row 2, column y: 'NA' is not a finite decimal"),
        ("x,y\n#N/A,#N/A\n1,2\n", "row 2, column x: '#N/A' is not a finite decimal"),
        ("x,y\n1,2\n#WERT!,3\n", "row 3, column x: '#WERT!' is not a finite decimal"),
        ('x,y\n"1,234.5",2\n', "row 2, column x: '1,234.5' is not a finite decimal"),
        ('x,y\n1,"2 # 3"\n', "row 2, column y: '2 # 3' is not a finite decimal"),
        ("x,y\none,2\n", "row 2, column x: 'one' is not a finite decimal or fraction"),
        ("x,y\n1,1/0\n", "row 2, column y: '1/0' divides by zero"),
        ("x,y\n1,1e999999999\n", "row 2, column y: '1e999999999' has more than 1000 digits"),
        (f"x,y\n1,{'7' * 5000}\n", f"row 2, column y: '{'7' * 37}...' has more than 1000 digits"),
        ("x,y\n1,\0\n", "row 2, column y: '\\x00' is not a finite decimal"),
        ('x,y\n"0,5",1\n', "row 2, column x: '0,5' is not a finite decimal or fraction"),
        ("x1,x2,y\n1,2,3\n4,5\n", "row 3: 2 cells; expected 3, one for each column of the header"),
        ("x,y\n1,2\n3,4,\n", "row 3: 3 cells; expected 2, one for each column of the header"),
        ("x,y,\n1,2,\n3,4,5\n", "row 1: unknown column ''; expected the columns x1..xd (or x)"),
        ("x,y\n1;2\n", "row 2: 1 cell; expected 2, one for each column of the header, separated"),
        ("x,y\n1\n", "row 2: 1 cell; expected 2"),
        ('x,y\n\n"1\n",2\n\n5,z\n', "row 6, column y: 'z' is not a finite"),
        ("x1;y\n1;2\n", "row 1: unknown column 'x1;y'; expected the columns x1..xd (or x) and y"),
        ("0.5,1\n1,2\n", "row 1: numbers, no header; expected a header with the columns x1..xd"),
        ("# a point,\n0.5,1\n", "row 2: numbers, no header; expected a header with the columns"),
        ("# x,y\n# y,x\n1,2\n", "rows 1 and 2: headers in comments; expected one header"),
        ("# x,y\nnan,1\n", "row 2, column x: 'nan' is not a finite decimal"),
        ("# x,y\n", "an empty file; expected a header with the columns"),
        ("mine\nx,y\n1,2\n", "row 1: unknown column 'mine'"),
        ("sep=;\nx;y\n1;2\n", "row 1: unknown column 'sep=;'"),
        ("x,y,weight\n1,2,3\n", "row 1: unknown column 'weight'"),
        ("x,,y\n1,0,2\n", "row 1: unknown column ''"),
        (",x,y\n0.5,1,2\n1.5,3,4\n", "row 1: a column without a name, of an index or of data; "),
        (",x,y\n0,1,2\n0,3,4\n", "row 1: a column without a name, of an index or of data; "),
        ("x01,y\n1,2\n", "row 1: unknown column 'x01'"),
        (f"{'q' * 999},y\n1,2\n", f"row 1: unknown column '{'q' * 37}...'"),
        ("x1,x2\n1,2\n", "row 1: no column y; expected the columns x1..xd (or x) and y"),
        ("y\n1\n", "row 1: no column of inputs; expected the columns"),
        ("x1,x3,y\n1,2,3\n", "row 1: no column x2; expected the columns"),
        ("x,x1,y\n1,2,3\n", "row 1: no column x2; expected the columns"),
        ("x0,x2,y\n1,2,3\n", "row 1: no column x1; expected the columns"),
        ("x,x0,y\n1,2,3\n", "row 1: no column x1; expected the columns"),
        ("x_,y\n1,2\n", "row 1: unknown column 'x_'"),
        ("X1,x_1,y\n1,2,3\n", "row 1: column x1 twice; expected the columns"),
        ("x,y,Y\n1,2,3\n", "row 1: column y twice; expected the columns"),
        ("x2,y\n1,2\n", "row 1: no column x1; expected the columns"),
        ("x1,x1,y\n1,2,3\n", "row 1: column x1 twice; expected the columns"),
        ("x,y,y\n1,2,3\n", "row 1: column y twice; expected the columns"),
        ("x,y\n", "no rows below the header; expected at least one data point"),
        ("\n\nx,y\n\n", "no rows below the header; expected at least one data point"),
        ("", "an empty file; expected a header with the columns"),
        ("\ufeff \n\n", "an empty file; expected a header with the columns"),
        (b"x,y\n1,2\n\xff,3\n", "row 3: not UTF-8 text; expected a CSV file in UTF-8"),
        ("x,y\n1,2".encode("utf-16")[:-1], "row 2: not UTF-16 text; expected a CSV file in UTF-8"),
        ("x,y\r1,2\r\xe9,3".encode("latin-1"), "row 3: not UTF-8 text; expected a CSV file in"),
        *((pack(b"x,y\n1,2\n")[:-1], "damaged: no end") for pack in PACKERS),
        *((pack(b"x,y\n1,2\n") + b"3,4\n", "damaged: ") for pack in PACKERS),
        (bz2.compress(b"x,y\n1,2\n") + bz2.compress(b"") * 100, "damaged: no end, or more"),
        (gzipped(bytes(LARGEST_FILE + 1)), "a file too large; expected at most"),
        (b"BZh\xff,y\n1,2\n", "damaged: "),
        ('x,y\n"1,2\n3,4\n', "row 2: unexpected end of data; expected cells separated by commas"),
        (
            '"x";"y"\n1;2\n',
            "row 1: ',' expected after '\"'; expected cells separated by commas (--separator says",
        ),
        ("x,y\n" + "1," * 10**5, "row 2: 100001 cells; expected 2"),
        (f"x,y\n1,{'1' * 200_000}", "row 2: field larger than field limit"),
        (b"\0" * (LARGEST_FILE + 1), f"a file too large; expected at most {LARGEST_FILE} bytes"),
    ],
)
def test_bad_file_is_refused_by_row_and_column(text, message, tmp_path):
    assert refusal(text, tmp_path).startswith(message)


def test_wide_header_is_refused_at_once(tmp_path):
    header = ",".join(f"x{k}" for k in range(1, 100_001) if k != 777)
    assert refusal(f"{header},y\n", tmp_path).startswith("row 1: no column x777;")


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("missing.csv", "No such file or directory"),
        (".", "Is a directory"),
        ("n" * 300, "File name too long"),
        ("a\0b", "embedded null byte"),
    ],
)
def test_path_that_is_no_file_is_refused(name, found, tmp_path):
    with pytest.raises(InputError) as caught:
        read_csv(f"{tmp_path}/{name}")
    assert str(caught.value).endswith(f": {found}; expected a readable CSV file")


def test_endless_file_does_not_fill_the_memory():
    if not Path("/dev/zero").exists():
        pytest.skip("needs an endless file")
    with pytest.raises(InputError, match="a file too large"):
        read_csv("/dev/zero")


rationals = st.fractions().map(lambda value: fmpq(value.numerator, value.denominator))


@st.composite
def data(draw):
    dimension = draw(st.integers(1, 3))
    point = st.tuples(*[rationals] * dimension)
    rows = draw(st.lists(st.tuples(point, rationals), min_size=1, max_size=5))
    return tuple(row for row, _ in rows), tuple(target for _, target in rows)


@given(data())
def test_text_of_data_is_read_back_exactly(mine):
    assert parse_csv(to_csv(*mine), "mine") == mine


@st.composite
def written(draw):
    """Draw data, the bytes of a file with them, what to say of it, and if it has an index."""
    inputs, targets = draw(data())
    separator, decimal = draw(st.sampled_from([",.", ";.", ";,", "\t.", "\t,", " .", " ,"]))
    indexed = draw(st.booleans()) and separator != " "
    first = draw(st.integers(0, 1))
    names = [draw(st.sampled_from("xX")) + f"{k}" for k in range(first, first + len(inputs[0]))]
    ends = st.sampled_from(["", '# a, b; c "d', " # 1"])

    def line(cells, index, end):
        quoted = [f'"{cell}"' if draw(st.booleans()) else cell for cell in cells]
        return separator.join([index] * indexed + quoted) + end

    tail = separator if draw(st.booleans()) else ""
    rows = [line([*names, draw(st.sampled_from("yY"))], "", tail)]
    for k, (point, target) in enumerate(zip(inputs, targets, strict=True)):
        texts = (str(entry).replace("-", draw(st.sampled_from("-\u2212"))) for entry in point)
        texts = (*texts, decimal_text(target, decimal))
        rows += [line(texts, str(k), tail + draw(ends)), *draw(st.sampled_from([[], ["#"], [" "]]))]
    rows[:1] = [draw(st.sampled_from(["", "# "])) + rows[0]] if not indexed else rows[:1]
    rows += draw(st.sampled_from([[], [""], [separator * 3], ["# end"]]))
    text = draw(st.sampled_from(["\n", "\r\n", "\r"])).join(["# by hand", *rows])
    content = text.encode(draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"])))
    content = draw(st.sampled_from([bytes, *PACKERS]))(content)
    return (inputs, targets), content, Layout(separator=separator, decimal=decimal), indexed


def decimal_text(value, mark):
    """Return a fraction, or a decimal if it is one with few digits."""
    thousandths = value * 1000
    if thousandths.q != 1:
        return str(value)
    digits = f"{abs(int(thousandths.p)):04}"
    return f"{'-' * (value < 0)}{digits[:-3]}{mark}{digits[-3:]}"


@given(written())
def test_data_are_read_back_exactly_however_they_were_written(case):
    expected, content, layout, indexed = case
    told = []
    assert read_csv(io.BytesIO(content), layout, told.append) == expected
    assert len(told) == indexed


@given(st.text(alphabet='xyXY_012,;"#\n\r\t /.e-\ufeff\0'))
def test_any_text_is_data_or_an_input_error(text):
    try:
        inputs, targets = parse_csv(text, "mine", report=str)
    except InputError:
        return
    assert len(inputs) == len(targets) >= 1
