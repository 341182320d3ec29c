"""Hostile inputs, generated from fixed seeds, and a process that meets them.

`python tests/support/hostile.py GROUP FOLDER` gives every input of a group to the library in
this one process, with 2 GB of memory and 10 seconds of CPU time each, and prints a line of JSON
for each. `python tests/support/hostile.py` alone counts them. A row of a group is a name and a
function that, called with a folder to write files into, returns the arguments of the command
line, or does the work.
"""

# ruff: noqa: RUF001 - characters that look like others are meant
import bz2
import contextlib
import copy
import gzip
import hashlib
import io
import json
import lzma
import os
import random
import resource
import signal
import sys
from base64 import b64decode
from collections.abc import Callable, Iterator
from functools import cache
from itertools import product, starmap
from math import comb
from pathlib import Path
from typing import Any

MEMORY = 2 << 30
"""Bytes on top of what the libraries take when they are loaded."""

SECONDS = 10
"""Of processor time: a busy machine makes no input hostile."""

Make = Callable[[Path], "list[str] | Callable[[], None]"]

Inputs = Iterator[tuple[str, Make]]

SHELL = ["$(touch pwned)", "`touch pwned`", "; touch pwned;", "| touch pwned", "&& touch pwned"]

BIDI = "\u202e1\u202c"

DATA = "x,y\n-1,0.2\n1/3,-1\n"

SHORT = ["--starts", "3", "--steps", "30"]

CALL = ["--width", "1", "--ridge", "1/10", "--seconds", "1"]


# Data ------------------------------------------------------------------------------------------

NUMBERS = [
    *("1e999999999", "1e-999999999", "-1e999999999999999999999", "1e+99999", "1E99999", "1e1001"),
    *("9" * 5000, "0." + "9" * 5000, "1/" + "7" * 3000, "1" * 2000 + "/3", "0" * 4000 + "1"),
    *("nan", "NaN", "inf", "-Infinity", "1_000", "0x10", "0b1", "1e", "e5", ".", "-", "+", "--1"),
    *("1/0", "0/0", "1//2", "1/2/3", "1/-2", "1e1/2", "1.5/2", "1 2", "1\t2", "1;2", "½", "²"),
    *(
        "１２",
        "٣",
        "१",
        "𝟙",
        BIDI,
        "\u200b1",
        "1\u00a0",
        "−1",
        "1‚5",
        "=1+1",
        "@SUM(1)",
        "+cmd|'/c'",
    ),
    *("=HYPERLINK(0)", "'1'", "\\x31", "%31", "&#49;", "<b>1</b>", "1\x7f", "1\x1b[2J", "\x08" * 9),
    *("__import__('os').system('touch pwned')", "{{7*7}}", "${HOME}", "!!python/object:os", *SHELL),
]

HEADERS = [
    "", "x", "y", "x,x,y", "x,y,y", "y,x,x1", "x1,x3,y", "x0,y", "x-1,y", "x01,y", "X,Y", "x,y,",
    ",", ",,,,", "x,y,z", "x;y", "x\ty", "'x','y'", '"x,y', "x999999,y", "x9999999999999999999,y",
    "ｘ,y", "x\u0301,y", "\ufeffx,y", "x\x00,y", "__class__,y", "x,$(touch pwned)", "=x,y",
    "#", "# x,y", "#x;y", "# x,y\n# y,x", "# x,y # x,y", '# "x,y', "#,x,y", "# x\n# y",
    "#x,y\nx,y", ",x,y", "Unnamed: 0,x,y", ",,x,y", "x,,y", "x,y,,", "Unnamed: 1,x,y", "X,x,y",
    "x_,y", "x_0,x_2,y", "x0,x1,y", "x,y,Y", "x_1,X1,y", "x__1,y", "x.1,y", '"x","y" z', '"x"",y',
    "sep=;\nx;y", "x,y #N/A",
]  # fmt: skip


@cache
def files() -> dict[str, bytes]:
    """Return contents of files by what is odd about them."""
    return {
        "nothing": b"",
        "a NUL": b"\x00",
        "a megabyte of NULs": bytes(900_000),
        "NULs in cells": b"x,y\n1\x00,2\n",
        "UTF-16": DATA.encode("utf-16"),
        "UTF-32": DATA.encode("utf-32"),
        "UTF-7": DATA.encode("utf-7"),
        "Latin 1": "x,y\n1,é\n".encode("latin-1"),
        "half a character": b"x,y\n1,2\xc3",
        "an overlong character": b"x,y\n1,\xc0\xb1\n",
        "a surrogate": b"x,y\n1,\xed\xa0\x80\n",
        "a mark": b"\xef\xbb\xbf" + DATA.encode(),
        "two marks": b"\xef\xbb\xbf" * 2 + DATA.encode(),
        "carriage returns": DATA.replace("\n", "\r").encode(),
        "other line ends": "x,y\u2028".encode() + b"1,2\x0b3,4\x0c",
        "mixed line ends": b"x,y\r\n1,2\r3,4\n\r5,6",
        "a gzip file": b"\x1f\x8b\x08\x00" + bytes(range(256)),
        "an ELF file": b"\x7fELF" + bytes(range(256)) * 9,
        "a pickle": b"cos\nsystem\n(S'touch pwned'\ntR.",
        "an open quote": b'x,y\n"1,2\n' + b"3,4\n" * 9000,
        "a quote in a cell": b'x,y\n1"2,3\n',
        "a cell of a megabyte": b"x,y\n1," + b"9" * 900_000 + b"\n",
        "a quoted megabyte": b'x,y\n1,"' + b"\n" * 900_000 + b'"\n',
        "many columns": b",".join(b"x%d" % k for k in range(1, 130_000)) + b",y\n1\n",
        "a million columns": b"," * 999_000,
        "more than a megabyte": b"x,y\n" + b"1,2\n" * 300_000,
        "many rows": b"x,y\n" + b"".join(b"%d,1\n" % k for k in range(90_000)),
        "equal rows": b"x,y\n" + b"1,2\n" * 200_000,
        "empty rows": b"x,y\n" + b"\n" * 900_000,
        "rows of blanks": b"x,y\n" + b" \n" * 400_000,
        "rows of commas": b"x,y\n" + b",\n" * 400_000,
        "a wide row": b"x,y\n" + b"1," * 400_000 + b"\n",
        "high dimension": b",".join(b"x%d" % k for k in range(1, 3000))
        + b",y\n"
        + b"1," * 2999
        + b"1",
        "a header alone": b"x,y",
        "no header": b"1,2\n3,4\n",
        "a hundred digits": b"x,y\n" + b"1" * 100 + b"," + b"2" * 100 + b"\n",
        "far apart": b"x,y\n1e400,1e-400\n-1e-400,1e400\n",
        "as far apart as allowed": b"x,y\n1e99,1e-99\n-1e-99,1e99\n",
        "nearly the largest": b"x,y\n1e900,1\n-1e-900,-1e900\n",
        "nearly equal": b"x,y\n1,1\n1." + b"0" * 500 + b"1,-1\n",
        "all zero": b"x,y\n0,0\n-0,0.0\n0e9,-0/5\n",
        "many comments": b"#\n" * 400_000 + b"x,y\n1,2\n",
        "many comments and no header": b"".join(b"#%d\n" % k for k in range(100_000)) + b"1,2\n",
        "many headers": b"".join(b"#x%d,y\n" % (k + 1) for k in range(80_000)) + b"1,2\n",
        "a comment of a megabyte": b"x,y\n1,2" + b"#" * 900_000 + b"!\n",
        "errors of a spreadsheet": b"x,y\n" + b"#N/A,#DIV/0!\n" * 60_000,
        "a rule of marks": b"x,y\n1,2\n" + b"#!" * 400_000,
        "a cell of blanks": b"x,y\n1," + b" " * 900_000 + b"2\n",
        "blanks at the end": b"x,y\n1,2" + b" " * 900_000,
        "blanks and commas": b"x,y\n1,2\n" + b" , " * 300_000,
        "many quotes": b"x,y\n" + b',"' * 400_000,
        "quotes in pairs": b'x,y\n1,"' + b'""' * 400_000,
        "quotes and marks": b"x,y\n" + b'"#",' * 200_000,
        "empty columns": b"x,y" + b"," * 400_000 + b"\n1,2" + b"," * 400_000,
        "many columns of an index": b"," * 400_000 + b"x,y\n",
        "a long index": b",x,y\n" + b"".join(b"%d,1,2\n" % (k % 70_000) for k in range(70_001)),
        "UTF-16 of one byte": b"\xff\xfe\n",
        "UTF-16 without a mark": DATA.encode("utf-16-le"),
        "a lone surrogate in UTF-16": "x,y\n".encode("utf-16") + b"\x00\xd8,\x00",
        "UTF-16 that is UTF-8": b"\xff\xfe" + DATA.encode(),
        "a dictionary of gigabytes": lzma.compress(
            DATA.encode(), filters=[{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 3 << 29}]
        ),
        "a spreadsheet": b"PK\x03\x04\x14\x00\x06\x00" + bytes(range(256)),
    }


PACKED: dict[str, tuple[bytes, Callable[[bytes], bytes]]] = {
    "good": (DATA.encode("utf-16"), bytes),
    "cut": (DATA.encode(), lambda c: c[:-6]),
    "changed": (DATA.encode(), lambda c: c[:-12] + bytes([c[-12] ^ 1]) + c[-11:]),
    "with more behind": (DATA.encode(), lambda c: c + b"3,4\n"),
    "a bomb": (bytes(10**9 // 10), bytes),
    "nested": (gzip.compress(bz2.compress(DATA.encode())), bytes),
    "many parts": (b"", lambda c: c * (900_000 // len(c))),
}
"""What is compressed, and what then becomes of it."""

PACKAGES = {package.__name__: package for package in (gzip, bz2, lzma)}


@cache
def packed(package: str, name: str) -> bytes:
    """Return a compressed file; some take a second."""
    content, change = PACKED[name]
    return change(PACKAGES[package].compress(content))


LAYOUTS = [
    ["--separator", "space"], ["--separator", "tab"], ["--separator", ";", "--decimal", ","],
    ["--separator", ",", "--decimal", ","], ["--inputs", "x", "--target", "y"], ["--inputs", "y"],
    ["--target", "x"], ["--inputs", "1", "--target", "2"], ["--decimal", ","], ["--separator", ""],
    ["--separator", "\x00"], ["--separator", '"'], ["--separator", "\n"], ["--separator", "#"],
    ["--decimal", "\u066b"], ["--inputs", ""], ["--inputs", ","], ["--inputs", "x\ny"],
    ["--inputs", '"x'], ["--inputs", "x" * 200_000], ["--inputs", ",".join(map(str, range(9999)))],
    ["--target", ""], ["--target", "x\x00"], ["--target", "$(touch pwned)"],
]  # fmt: skip
"""What is said of a file."""


def csv_inputs() -> Inputs:
    """Data files for `reluenum minima`."""
    for text in NUMBERS:
        for column in (0, 1):
            cells = ["1", "2"]
            cells[column] = text
            yield f"cell {text[:30]!r} in column {column}", _minima(f"x,y\n{','.join(cells)}\n")
    for header in HEADERS:
        yield f"header {header[:30]!r}", _minima(f"{header}\n1,2\n")
    for name, content in files().items():
        yield f"bytes: {name}", _minima(content)
    for way in product(PACKAGES, PACKED):
        yield f"bytes: {': '.join(way)}", lambda folder, w=way: _minima(packed(*w))(folder)
    for layout in LAYOUTS:
        for header in ("x,y", "x;y", '# "x" y'):
            text = f"{header}\n1,5;2 3\t4\n\"1\",'2'\n" + " " * 100_000
            yield f"{str(layout)[:60]} of {header!r}", _minima(text, *layout)
    for name in ("a cell of blanks", "many quotes", "quotes in pairs", "blanks and commas"):
        yield f"blanks separate: {name}", _minima(files()[name], "--separator", "space")
    for seed in range(40):
        draw = random.Random(f"bytes {seed}")
        size = draw.choice([1, 10, 100, 10_000])
        yield f"random bytes, seed {seed}", _minima(draw.randbytes(size))
        yield f"changed data, seed {seed}", _minima(_mutated(DATA.encode() * 2, draw))


def _minima(content: str | bytes, *options: str) -> Make:
    data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content

    def make(folder: Path) -> list[str]:
        path = folder / "data.csv"
        path.write_bytes(data)
        return ["minima", str(path), *CALL, *options]

    return make


def _mutated(content: bytes, draw: random.Random) -> bytes:
    """Change some bytes; digits, separators and signs are likely."""
    changed = bytearray(content)
    for _ in range(draw.randrange(1, 6)):
        place = draw.randrange(len(changed))
        match draw.randrange(3):
            case 0:
                changed[place] = draw.choice(b'0123456789,/.eE+-"\n\r\x00 xy\xff')
            case 1:
                del changed[place]
            case 2:
                changed[place:place] = changed[: draw.randrange(1, 9)]
    return bytes(changed)


# Options ---------------------------------------------------------------------------------------


def option_inputs() -> Inputs:
    """Values of options, names of files."""
    huge = "9" * 30
    values = {
        "--width": ["0", "-1", "1e3", huge, "1.5", "٣", "", " 1", "1\n", "1\x00", "None", "ALL",
                    "999999999", "1000000000", *SHELL],
        "--ridge": ["0", "-1", "1e999999999", "1e-999999999", "nan", "inf", "1/0", "", "1\n2",
                    "1\x00", BIDI, "１", "9" * 5000, "1e-990", "1e990", *SHELL],
        "--loss": ["", "SUM", "sum\n", "__class__", *SHELL[:2]],
        "--engine": ["", "flint", "certified\x00", "../certified"],
        "--backend": ["", "msolve;touch pwned", "/bin/sh", "os.system", "auto\n", *SHELL[:2]],
        "--jobs": ["0", "-1", huge, "1e9", "1025", "1\x00"],
        "--seconds": ["0", "-1", "nan", "1e999999999", "1e-999", "1e10", "", huge],
        "--memory": ["0", "-1", huge, "1.5", ""],
        "--output": ["", "/dev/full/x", "\x00", "a\x00b", "/proc/self/mem", "x" * 5000, "/", "..",
                     "no/such/folder/x.json"],
    }  # fmt: skip
    for option, texts in values.items():
        for text in texts:
            yield f"{option} {text[:30]!r}", _called([option, text])
    for text in ["1:0", "1:1", ":", "1", "0:1", "-1:1", "1e-999999999:1", "1:1e999999999", "a:b",
                 "1:2:3", "1/10:\x00", BIDI + ":2", *SHELL]:  # fmt: skip
        yield f"path --ridge {text!r}", _called(["--ridge", text], "path")
    for text in ["1", "0", "-5", huge, "100001", "1e5", "\x00", "²"]:
        yield f"path --points {text!r}", _called(["--ridge", "1:2", "--points", text], "path")
    for text in ["x", "x.svg.exe", "/nowhere/x.svg", "\x00.svg", "..", "x.svg\n"]:
        yield f"path --figure {text!r}", _called(["--ridge", "1:2", "--figure", text], "path")
    for name in ["nowhere.csv", "\x00", "", "x" * 5000, "/dev/zero", "/dev/null", ".",
                 "/etc/shadow/x", "-", "--", "-h -h", "data\n.csv", *SHELL,
                 "http://127.0.0.1/x.csv", "file:///x"]:  # fmt: skip
        for command in ("minima", "facts", "explore", "verify", "descend"):
            more = CALL if command == "minima" else []
            yield f"{command} {name[:30]!r}", lambda _, c=command, n=name, m=more: [c, n, *m]
    for key, text in [("n", huge), ("n", "-1"), ("n", "1000000"), ("d", huge), ("seed", "-1"),
                      ("seed", huge), ("denominator", huge), ("hidden", huge),
                      ("noise", "1e999999999"), ("noise", "-1"), ("noise", "nan"),
                      ("noise", "9" * 2000)]:  # fmt: skip
        family = ["data", "teacher", "--n", "3", f"--{key}", text]
        yield f"data --{key} {text[:30]!r}", lambda _, f=family: f
    for option, texts in {
        "--starts": ["0", "-1", huge, "1.5", "100001", "\x00", "٣"],
        "--steps": ["0", huge, "", "nan"],
        "--seed": ["-1", huge, "x"],
        "--optimisers": ["", ",", "gd,", "gd,gd", "GD", "newton", "__class__", *SHELL[:2]],
        "--table": ["", "\x00", "..", "no/such/folder/x.csv"],
        "--figure": ["x", "x.svg.exe", "\x00.svg", "/nowhere/x.svg"],
    }.items():
        for text in texts:
            words = ["descend", "nowhere.json", option, text]
            yield f"descend {option} {text[:30]!r}", lambda _, w=words: w
    for words in ([], ["\x00"], ["minima"], ["--version", "x"], ["nothing"],
                  ["minima", "a", "b", "c"], ["data", "../../etc/passwd"], ["data", "__init__"],
                  ["@file"]):  # fmt: skip
        yield f"words {words!r}", lambda _, w=words: w


def _called(more: list[str], command: str = "minima") -> Make:
    def make(folder: Path) -> list[str]:
        path = folder / "data.csv"
        path.write_text(DATA)
        given = dict(zip(CALL[::2], CALL[1::2], strict=True))
        given |= dict(zip(more[::2], more[1::2], strict=True))
        return [command, str(path), *(word for pair in given.items() for word in pair)]

    return make


# Documents -------------------------------------------------------------------------------------


def document_inputs() -> Inputs:
    """Documents for commands that read one: texts, and valid ones changed at random."""
    texts = {
        "nothing": "",
        "deep lists": "[" * 200_000,
        "deep and closed": "[" * 50_000 + "]" * 50_000,
        "deep objects": '{"a":' * 100_000 + "1" + "}" * 100_000,
        "a huge integer": '{"format": "reluenum-minima", "version": ' + "9" * 100_000 + "}",
        "NaN": '{"format": NaN, "version": Infinity}',
        "a list": "[1]",
        "a text": '"reluenum-minima"',
        "half": '{"format": "reluenum-minima", "version": 1, "problem": {',
        "a key twice": '{"format": 1, "format": "reluenum-minima", "version": 1}',
        "a lone surrogate": '{"format": "reluenum-minima", "version": 1, "problem": "\\ud800"}',
        "many keys": "{" + ",".join(f'"{k}": 1' for k in range(200_000)) + "}",
        "a long text": '{"format": "' + "a" * 5_000_000 + '"}',
        "UTF-16": "\ufeff{}",
        "a pickle": "cos\nsystem\n(S'touch pwned'\ntR.",
        "a YAML tag": "!!python/object/apply:os.system ['touch pwned']",
    }
    for command in ("facts", "verify", "explore", "descend"):
        for name, text in texts.items():
            yield f"{command}: {name}", _document(command, text)
        for seed in range(45):
            yield f"{command}: changed, seed {seed}", _changed(command, seed)
    for name, change in LIES.items():
        yield f"verify: {name}", _lying(change)
    for name, change in PATH_LIES.items():
        yield f"explore: {name}", _lying(change, "explore")


def _document(command: str, text: str) -> Make:
    def make(folder: Path) -> list[str]:
        path = folder / "document.json"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        return [command, str(path)]

    return make


def valid(command: str) -> dict[str, Any]:
    """Return a valid document for a command, computed once."""
    if command not in _VALID:
        from reluenum import Problem, enumerate_minima
        from reluenum.paths.path import ridge_path
        from reluenum.problem import parse_ridge

        problem = Problem.from_text([["-1"], ["1/3"]], ["1/5", "-1"], 2, "1/10")
        if command == "explore":
            _VALID[command] = ridge_path(problem, parse_ridge("1"), 3).to_document()
        else:
            _VALID[command] = enumerate_minima(problem, engine="certified").document
    return copy.deepcopy(_VALID[command])


_VALID: dict[str, dict[str, Any]] = {}

ODD = [
    None, True, -1, 0, 10**30, 10**4000, 1e308, float("nan"), "", "x", "1e999999999", "9" * 5000,
    "<script>alert(1)</script>", "\u202e", "\x00", "\ud800", [], [[]], [[[[]]]] * 1000, {},
    {"a": {}}, "1/0", "all", "../../x", "+" * 5000, ["+"] * 5000, *SHELL[:1],
]  # fmt: skip


def _places(value: Any, way: tuple = ()) -> Iterator[tuple]:
    if way:
        yield way
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, part in items:
        if isinstance(part, dict | list):
            yield from _places(part, (*way, key))
        else:
            yield (*way, key)


def _changed(command: str, seed: int) -> Make:
    def make(folder: Path) -> list[str]:
        draw = random.Random(f"{command} {seed}")
        document = valid(command)
        for _ in range(draw.choice([1, 1, 1, 3])):
            *way, last = draw.choice(list(_places(document)))
            part = document
            for key in way:
                part = part[key]
            if draw.random() < 0.2:
                del part[last]
            else:
                part[last] = copy.deepcopy(draw.choice(ODD))
        return _written(command, document, folder)

    return make


def _written(command: str, document: dict[str, Any], folder: Path) -> list[str]:
    from reluenum.documents.seals import sealed

    if command == "explore":
        document = sealed(document)  # otherwise nothing but the seal would be tried
    path = folder / "document.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return [command, str(path), *(SHORT if command == "descend" else [])]


def _points(count: int, dimension: int) -> dict[str, Any]:
    draw = random.Random(f"{count} {dimension}")
    x = [[str(draw.randrange(10**6)) for _ in range(dimension)] for _ in range(count)]
    return {"x": x, "y": [str(draw.randrange(10**6)) for _ in range(count)]}


def _chi(coefficients: list) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        component = document["components"][0]["strata"][0]["support"][0]
        entry = {"support": component["face"], "chi": coefficients, "root": 0}
        entry["coordinates"] = [["1"], ["1"], ["1"]]
        document["certificate"]["exact"] = [entry]

    return change


def _product_of_square_roots(count: int) -> list[int]:
    """Return the polynomial of all sums of signed square roots: reducible modulo every prime."""
    polynomial = [0, 1]
    for prime in (2, 3, 5, 7, 11, 13, 17)[:count]:
        # f(x + s) f(x - s) with s^2 the prime: even and odd powers of s apart.
        even, odd = [0] * len(polynomial), [0] * len(polynomial)
        for k, c in enumerate(polynomial):
            for j in range(k + 1):
                term = c * comb(k, j)
                (odd if j % 2 else even)[k - j] += term * prime ** (j // 2)
        product = [0] * (2 * len(polynomial) - 1)
        for one, sign in ((even, 1), (odd, -prime)):
            for i, a in enumerate(one):
                for j, b in enumerate(one):
                    product[i + j] += sign * a * b
        polynomial = product
    return polynomial


LIES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a width of 10^6": lambda d: d["problem"].update(width=10**6),
    "a width of 2000": lambda d: d["problem"].update(width=2000),
    "a width of 1000": lambda d: d["problem"].update(width=1000),
    "every width": lambda d: d["problem"].update(width="all"),
    "300 points in the plane": lambda d: d["problem"].update(_points(300, 2)),
    "200 points in 100 dimensions": lambda d: d["problem"].update(_points(200, 100)),
    "40 points in 10 dimensions": lambda d: d["problem"].update(_points(40, 10)),
    "60 points in 4 dimensions": lambda d: d["problem"].update(_points(60, 4)),
    "20 points in 15 dimensions": lambda d: d["problem"].update(_points(20, 15)),
    "100000 points": lambda d: d["problem"].update(_points(100_000, 1)),
    "10000 equal points": lambda d: d["problem"].update(x=[["1"]] * 10_000, y=["1"] * 10_000),
    "one point in 100000 dimensions": lambda d: d["problem"].update(_points(1, 100_000)),
    "numbers of a million digits": lambda d: d["problem"].update(
        x=[["9" * 1_000_000], ["7" * 1_000_000]]
    ),
    "a ridge of a million digits": lambda d: d["problem"].update(ridge="1/" + "3" * 1_000_000),
    "a ridge near 0": lambda d: d["problem"].update(ridge="1/1" + "0" * 900),
    "a long polynomial": _chi([1] * 30_000),
    "a polynomial of large coefficients": _chi(["3" * 30_000, "1", "7" * 30_000]),
    "a polynomial of degree 2000": _chi([(k * k) % 1009 - 500 for k in range(2001)]),
    "a power": _chi([-1] + [0] * 999 + [1]),
    "thousands of components": lambda d: d.update(components=d["components"] * 5_000),
    "a polynomial that is hard to factor": _chi(_product_of_square_roots(5)),
    "a polynomial of many large coefficients": _chi([f"{k}" + "7" * 900 for k in range(1, 900)]),
    "many strata": lambda d: d["components"][0].update(
        strata=d["components"][0]["strata"] * 30_000
    ),
    "many descriptions": lambda d: d["certificate"].update(exact=[{}] * 100_000),
    "no certificate": lambda d: d.pop("certificate"),
    "a certificate elsewhere": lambda d: _outside(d, "/etc/passwd"),
    "a certificate above": lambda d: _outside(d, "../data.csv"),
    "a certificate without name": lambda d: _outside(d, ""),
    "a certificate of NUL": lambda d: _outside(d, "\x00"),
}


def _outside(document: dict[str, Any], name: str) -> None:
    del document["certificate"]["data"]
    document["certificate"]["file"] = name


PATH_LIES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a hundred thousand ridges": lambda d: d.update(ridges=["1/10"] * 100_000),
    "a huge ridge": lambda d: d.update(ridges=["1e999999999"]),
    "huge data": lambda d: d["problem"].update(y=["9" * 900] * 2),
    "markup": lambda d: d["problem"].update(y=["</script><script>alert(1)</script>"] * 2),
    "many branches": lambda d: d.update(branches=d["branches"] * 1000),
    "deep events": lambda d: d.update(events=[[[[[]]]]]),
}


def _lying(change: Callable[[dict[str, Any]], Any], command: str = "verify") -> Make:
    def make(folder: Path) -> list[str]:
        document = valid(command)
        change(document)
        return _written(command, document, folder)

    return make


# Certificates ----------------------------------------------------------------------------------


def certificate_inputs() -> Inputs:
    """Certificates whose checksum is right: cut, changed, of other types, or bombs."""
    for seed in range(30):
        yield f"changed bytes, seed {seed}", _certificate(lambda c, s=seed: _flipped(c, s))
    for cut in (0, 1, 4, 8, 12, 100, -1, -4, -8, -30, -200):
        yield f"cut at {cut}", _certificate(lambda c, k=cut: c[:k])
    for name, make in TABLES.items():
        yield name, _certificate(make)


def _certificate(change: Callable[[bytes], bytes]) -> Make:
    def make(folder: Path) -> list[str]:
        document = valid("verify")
        record = document["certificate"]
        content = change(b64decode(record.pop("data")))
        (folder / "c.parquet").write_bytes(content)
        record.update(sha256=hashlib.sha256(content).hexdigest(), file="c.parquet")
        return _written("verify", document, folder)

    return make


def _flipped(content: bytes, seed: int) -> bytes:
    draw = random.Random(f"certificate {seed}")
    changed = bytearray(content)
    for _ in range(draw.choice([1, 1, 4, 40])):
        changed[draw.randrange(len(changed))] = draw.randrange(256)
    return bytes(changed)


def _table(change: Callable[[Any, Any], Any]) -> Callable[[bytes], bytes]:
    """Return a change of the table in a Parquet file."""

    def make(content: bytes) -> bytes:
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pq.ParquetFile(pa.BufferReader(content)).read()
        changed = change(pa, table).replace_schema_metadata(table.schema.metadata)
        stream = io.BytesIO()
        pq.write_table(changed, stream, compression="zstd")
        return stream.getvalue()

    return make


def _column(name: str, make: Callable[[Any, int], Any]) -> Callable[[bytes], bytes]:
    def change(pa: Any, table: Any) -> Any:
        place = table.schema.names.index(name)
        return table.set_column(place, name, make(pa, len(table)))

    return _table(change)


def _bomb(pa: Any, rows: int) -> Any:
    """Return vectors of 4 million zeros in every row: some kilobytes in the file."""
    each = 4_000_000
    offsets = pa.array([k * each for k in range(rows + 1)], pa.int32())
    import numpy as np

    return pa.ListArray.from_arrays(offsets, pa.array(np.zeros(rows * each)))


TABLES = {
    "a bomb of zeros": _column("w", _bomb),
    "millions of records": _table(lambda pa, t: pa.concat_tables([t] * 100_000)),
    "no records": _table(lambda pa, t: t.slice(0, 0)),
    "texts of a megabyte": _column("verdict", lambda pa, n: pa.array(["leaves" + "x" * 10**6] * n)),
    "numbers as verdicts": _column("verdict", lambda pa, n: pa.array([1] * n)),
    "no verdicts": _column("verdict", lambda pa, n: pa.array([None] * n, pa.string())),
    "faces as texts": _column("face", lambda pa, n: pa.array(["0"] * n)),
    "huge faces": _column("face", lambda pa, n: pa.array([2**31 - 1] * n, pa.int32())),
    "negative faces": _column("face", lambda pa, n: pa.array([-(2**31)] * n, pa.int32())),
    "w of infinities": _column("w", lambda pa, n: pa.array([[float("inf")] * 2] * n)),
    "w of nan": _column("w", lambda pa, n: pa.array([[float("nan")] * 2] * n)),
    "w of tiny numbers": _column("w", lambda pa, n: pa.array([[5e-324] * 2] * n)),
    "w of huge numbers": _column("w", lambda pa, n: pa.array([[1e308] * 2] * n)),
    "w of lists of lists": _column("w", lambda pa, n: pa.array([[[1.0]]] * n)),
    "w of structures": _column("w", lambda pa, n: pa.array([{"a": 1.0}] * n)),
    "a column more": _table(lambda pa, t: t.append_column("x", pa.array([1] * len(t)))),
    "a column less": _table(lambda pa, t: t.drop_columns(["w"])),
    "many columns": _table(
        lambda pa, t: pa.table({f"c{k}": pa.array([1] * len(t)) for k in range(3000)})
    ),
    "no table": lambda c: b"PAR1" + b"\xff" * 64 + b"\xff\xff\xff\x7fPAR1",
    "an encrypted one": lambda c: b"PARE" + c[4:-4] + b"PARE",
    "zeros": lambda c: bytes(1_000_000),
}


# Configurations --------------------------------------------------------------------------------


def config_inputs() -> Inputs:
    """Configurations, as Snakemake loads them; the work is what the Snakefile does with one."""
    texts = {
        "nothing": "",
        "a list": "[1]",
        "a bomb of aliases": _bomb_of_aliases("datasets: *i"),
        "a bomb in a name": _bomb_of_aliases("datasets: [{name: *i, width: 1, ridge: '1'}]"),
        "a bomb as files": _bomb_of_aliases("datasets: [{csv: *i, width: 1, ridge: '1'}]"),
        "a bomb as points": _bomb_of_aliases(
            "datasets: [{data: {x: *i, y: ['1']}, width: 1, ridge: '1'}]"
        ),
        "a bomb as seeds": _bomb_of_aliases(
            "datasets: [{family: random, n: 3, seed: *i, width: 1, ridge: '1'}]"
        ),
        "a cycle": "experiment: e\ndatasets: &a [*a]",
        "a cycle in an entry": "experiment: e\ndatasets: [&a {csv: [*a], width: 1, ridge: '1'}]",
        "a tag": "experiment: !!python/object/apply:os.system ['touch pwned']\ndatasets: []",
        "another tag": "experiment: !!python/name:os.system\ndatasets: []",
        "a merge": "experiment: e\n<<: {datasets: 1}\n",
        "two documents": "experiment: e\n---\nexperiment: f\n",
        "tabs": "experiment:\te\n\tdatasets: []",
        "a NUL": "experiment: e\x00",
        "deep lists": "experiment: e\ndatasets: " + "[" * 300 + "]" * 300,
        "a key twice": "experiment: e\nexperiment: f\ndatasets: []",
    }  # fmt: skip
    for name, text in texts.items():
        yield f"YAML: {name}", _config(text)
    for key, value in {
        "experiment": [None, 1, "", ".", "..", "../x", "a/b", "a b", "é", "a\nb", "-x", "x" * 101,
                       [], {}, "a\x00", "{wildcard}", "*", *SHELL],
        "datasets": [None, [], {}, "x", [None], [[]], [1], [{}], [{"width": 1}] * 1000],
        "solve": [None, [], {"backend": "sh"}, {"seconds": -1}, {"seconds": float("nan")},
                  {"seconds": float("inf")}, {"seconds": 10**400}, {"megabytes": 10**30},
                  {"megabytes": 0}, {"patterns_per_job": 10**30}, {"force": "yes"}, {1: 2}],
        "sweep": [None, [], {"data_sets_per_job": 0}, {"data_sets_per_job": 10**30}],
        "basins": [None, 1, "yes", [], {}],
        "figures": [{"formats": []}, {"formats": ["exe"]}, {"formats": ["svg", "svg"]}],
        "__class__": [1],
        "../../x": [1],
    }.items():  # fmt: skip
        for text in value:
            yield f"{key}: {str(text)[:30]!r}", _with(None, key, text)
    for key, value in {
        "name": [None, 1, "", "..", "a/b", "a-b", "a b", "\u202e", "x" * 61, "a\n", *SHELL],
        "csv": ["", "\x00", "nowhere.csv", "/dev/zero", "../../../etc/passwd", "a b.csv", "*", "[",
                "{x}", "**/**/**/**", "x" * 5000, ["a.csv"] * 2, [[]], "'", '"', "a\nb.csv", "~/x",
                *SHELL],
        "family": ["os", "__init__", "reference\n", [], ["random", "random"], None],
        "n": [0, -1, 10**18, 1.5, "3", True, None, {"from": 1, "to": 10**18}, {"from": 5, "to": 1},
              {"from": 1}, list(range(1, 2)) * 2, 1e300, float("nan")],
        "d": [0, 10**18, 10**30],
        "seed": [-1, 10**30, {"from": 0, "to": 10**18}, {"from": 10**30, "to": 10**30 + 1}],
        "denominator": [10**30, 0],
        "width": [0, 10**30, True, 1.5, {"from": 1, "to": 10**18}, "all", None],
        "ridge": [0.01, "0", "-1", "1e999999999", "nan", "", "1" * 5000, None, 1, [], ["1", "1"],
                  ["1", "2/2"], {"from": "1", "to": "2", "points": 10**18},
                  {"from": "1e-900", "to": "1e900", "points": 1000},
                  {"from": "2", "to": "1", "points": 3},
                  "1/100 ", *SHELL],
        "path": [{}, {"from": "1"}, {"from": "1", "to": "1"}, {"from": "0", "to": "1"},
                 {"from": "1e-999999999", "to": "1"}, {"from": "1", "to": "2", "points": 10**18}],
        "loss": ["", "SUM", None, []],
        "inputs": ["", ",", '"', "a\nb", "a,a", [], [[]], ["a", "a"], [""], 1, [1], {},
                   "x" * 200_000, ",".join(map(str, range(9999))), *SHELL[:2]],
        "target": ["", " ", None, [], 1, "\x00", "x" * 200_000, *SHELL[:2]],
        "separator": ["", "pipe", "\n", '"', "#", None, [], "commas"],
        "decimal": ["", ",", "٫", "dot", None, []],
        "noise": ["-1", "1e999999999", ""],
        "data": [{}, {"x": [], "y": []}, {"x": [["1"]], "y": ["1", "2"]}, {"x": [["1"], ["1", "2"]],
                 "y": ["1", "2"]}, {"x": [["1e999999999"]], "y": ["1"]}, {"x": [[1]], "y": [1]}],
    }.items():  # fmt: skip
        for text in value:
            yield f"datasets: {key}: {str(text)[:30]!r}", _with("datasets", key, text)


def _bomb_of_aliases(last: str) -> str:
    lines = ['a: &a ["x", "x", "x", "x", "x", "x", "x", "x", "x"]']
    for one, other in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{other}: &{other} [{', '.join([f'*{one}'] * 9)}]")
    return "\n".join(["experiment: e", *lines, last])


def _with(place: str | None, key: str, value: Any) -> Make:
    config: dict[str, Any] = {"experiment": "e"}
    entry: dict[str, Any] = {"family": "random", "n": 3, "width": 1, "ridge": "1"}
    if key in ("csv", "data", "inputs", "target", "separator", "decimal"):
        entry = {"width": 1, "ridge": "1"}
    if key in ("inputs", "target", "separator", "decimal"):
        entry["csv"] = "nowhere.csv"
    (config if place is None else entry)[key] = value
    return _config(json.dumps({"datasets": [entry]} | config))


def _config(text: str) -> Make:
    def make(folder: Path) -> Callable[[], None]:
        path = folder / "config.yaml"
        path.write_text(text, encoding="utf-8")

        def work() -> None:
            import yaml
            from snakemake.common.configfile import load_configfile
            from snakemake_interface_common.exceptions import WorkflowError

            from reluenum.errors import InputError
            from reluenum.experiments import instances as experiment
            from reluenum.experiments.configuration import complete_config
            from reluenum.experiments.steps import problem_of as posed

            try:
                config = dict(load_configfile(path))
            except (WorkflowError, yaml.YAMLError) as error:
                raise InputError("configuration", str(error), "YAML") from error
            schema = Path(__file__).parents[2] / "config/schemas/config.schema.yaml"
            complete_config(config, schema)
            if "sweep" in config:
                found = [*experiment.batches(config).values()]
            else:
                found = [*experiment.instances(config).values(), *experiment.paths(config).values()]
                for instance in found[:3]:
                    posed(instance)

        return work

    return make


# Running ---------------------------------------------------------------------------------------

GROUPS: dict[str, Callable[[], Inputs]] = {
    "csv": csv_inputs,
    "options": option_inputs,
    "documents": document_inputs,
    "certificates": certificate_inputs,
    "configurations": config_inputs,
}


def run(work: "list[str] | Callable[[], None]") -> int:
    """Do the work and return its exit code, as the command line would."""
    from reluenum.cli import main
    from reluenum.errors import InputError, one_line

    if isinstance(work, list):
        return main(work)
    try:
        work()
    except InputError as error:
        print(f"reluenum: {one_line(error)}", file=sys.stderr)
        return 2
    return 0


def cpu_seconds() -> float:
    """Return the CPU time of this process and of the children that have ended."""
    each = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in each)


def peak_memory() -> int:
    """Return the most bytes that this program has used.

    `ru_maxrss` would count what the process that started this one used, too.
    """
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) << 10


def meet(group: str, folder: Path) -> None:
    """Give every input of a group to the library."""
    for command in ("verify", "explore") if group == "documents" else ("verify",):
        valid(command)
    if group == "csv":  # what compresses takes more memory than what reads may
        files()
        list(starmap(packed, product(PACKAGES, PACKED)))
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, resource.RLIM_INFINITY))
    answer = sys.stdout
    for name, make in GROUPS[group]():
        print(json.dumps({"begin": name}), file=answer, flush=True)
        work = make(folder)
        out, err = io.StringIO(), io.StringIO()
        start = cpu_seconds()
        signal.setitimer(signal.ITIMER_PROF, SECONDS)  # ends this process, and so does
        signal.alarm(600)  # of what waits
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(work)
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)
        record = {
            "name": name,
            "code": code,
            "seconds": cpu_seconds() - start,
            "error": err.getvalue(),
            "memory": peak_memory(),
            "command": work[0] if isinstance(work, list) and work else "",
        }
        print(json.dumps(record), file=answer, flush=True)
        for path in folder.iterdir():
            path.unlink()


if __name__ == "__main__":
    if len(sys.argv) == 3:
        meet(sys.argv[1], Path(sys.argv[2]))
    else:
        counts = {name: len(list(inputs())) for name, inputs in GROUPS.items()}
        print(counts, sum(counts.values()), os.linesep, end="")
