"""Tables say what the document says, digit by digit, and never hide what is undecided."""

import copy
import csv
import io
import json
import re
from decimal import Decimal

import pytest

from reluenum.api import enumerate_minima
from reluenum.documents.minima import minima_document, stationary_document
from reluenum.problem import Problem
from reluenum.views import components as tables
from reluenum.views import instances as summary
from reluenum.views.latex import latex_escape

PROBLEM = Problem.from_text([["-1"], ["0"], ["2"], ["3"]], ["1", "-1", "1/2", "-2"], 2, "1/10")


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture(scope="module")
def landscape():
    return enumerate_minima(PROBLEM)


@pytest.fixture
def document(landscape):
    return copy.deepcopy(minima_document(landscape))


@pytest.fixture
def undecided(document):
    document["enumeration"]["undecided"] = 3
    document["complete"] = False
    document["components"][0]["global_at_width"] = None
    return document


def hand_made(components=(), **enumeration):
    counts = {
        "sign_matrices": "16",
        "realisable_patterns": 9,
        "patterns_up_to_permutation": 6,
        "supports_examined": 7,
        "stationary": 5,
        "locally_minimal": 3,
        "undecided": 0,
    }
    return {
        "format": "reluenum-minima",
        "version": 1,
        "problem": {
            "x": [["0"], ["1"]],
            "y": ["0", "1"],
            "width": 2,
            "ridge": "1/7",
            "loss": "sum",
            "output_bias": "none",
        },
        "enumeration": counts | enumeration,
        "complete": not enumeration.get("undecided"),
        "components": list(components),
    }


def component(loss="0.1", dimension=0, **fields):
    group = {
        "face": "0+",
        "sign": 1,
        "multiplicity": 1 + dimension,
        "sum_a_squared": "0.5",
        "direction": ["1", "0"],
    }
    return {
        "dimension": dimension,
        "loss": loss,
        "loss_interval": [loss, loss],
        "on_boundary": True,
        "global_at_width": False,
        "global_at_every_width": False,
        "orbit_size": 1,
        "strata": [{"support": [group], "zero_neurons": 0}],
        "representative": {"a": ["1", "2"], "B": [["1"], ["2"]], "c": ["0", "0"]},
    } | fields


def test_csv_holds_the_texts_of_the_document_digit_by_digit(document):
    rows = rows_of(tables.minima_csv(document))
    assert len(rows) == len(document["components"]) > 1
    for k, (row, found) in enumerate(zip(rows, document["components"], strict=True), start=1):
        exact = {"parse_float": str, "parse_int": str}
        network, stratum = found["representative"], found["strata"][0]
        assert int(row["index"]) == k
        assert row["loss"] == found["loss"]
        assert json.loads(row["a"], **exact) == network["a"]
        assert json.loads(row["B"], **exact) == network["B"]
        assert json.loads(row["c"], **exact) == network["c"]
        assert json.loads(row["sum_a_squared"], **exact) == [
            group["sum_a_squared"] for group in stratum["support"]
        ]
        assert re.findall(r"\(([-+0]+)\) a([<>])0 x(\d+)", row["support"]) == [
            (group["face"], "<>"[group["sign"] > 0], str(group["multiplicity"]))
            for group in stratum["support"]
        ]
        for key in ("on_boundary", "global_at_width", "global_at_every_width"):
            assert row[key] == str(found[key])
        for key in ("dimension", "orbit_size"):
            assert int(row[key]) == found[key]


def test_no_cell_of_a_table_starts_like_a_formula_but_a_number_may(document, landscape):
    texts = [tables.minima_csv(document), tables.stationary_csv(stationary_document(landscape))]
    cells = [cell for text in texts for row in csv.reader(io.StringIO(text)) for cell in row]
    assert [c for c in cells if c[:1] in {"+", "-", "=", "@"} and not c[1:2].isdigit()] == []


def test_rows_keep_the_order_of_the_document_and_name_the_kind():
    found = [component("3", 0), component("1", 1), component("2", 2)]
    frame = tables.components_frame(hand_made(found))
    assert list(frame["loss"]) == ["3", "1", "2"]
    assert list(frame["kind"]) == ["isolated", "arc", "dimension 2"]


def test_an_output_bias_has_its_column_only_where_there_is_one():
    biased = hand_made([component()])
    assert "m" not in tables.components_frame(biased)
    biased["problem"]["output_bias"] = "free"
    biased["components"][0]["representative"]["m"] = "-0.25"
    assert list(tables.components_frame(biased)["m"]) == ["-0.25"]


def test_a_document_of_all_widths_leaves_multiplicities_open():
    found = component(width_min=1)
    found["strata"][0]["support"][0]["multiplicity"] = None
    (row,) = rows_of(tables.minima_csv(hand_made([found])))
    assert (row["support"], row["width_min"]) == ("(0+) a>0", "1")


def test_the_zero_network_and_an_empty_list_have_tables():
    zero = component(strata=[{"support": [], "zero_neurons": 2}])
    (row,) = rows_of(tables.minima_csv(hand_made([zero])))
    assert (row["support"], row["zero_neurons"], row["sum_a_squared"]) == (
        "zero network",
        "2",
        "[]",
    )
    header = tables.minima_csv(hand_made()).splitlines()
    assert len(header) == 1
    assert header[0].startswith("index,loss,")


def test_an_unknown_global_minimum_is_neither_true_nor_false(undecided):
    assert tables.components_frame(undecided)["global_at_width"][0] is None
    assert rows_of(tables.minima_csv(undecided))[0]["global_at_width"] == "unknown"


def test_every_stationary_point_has_a_row_and_every_rejected_one_its_descent(landscape):
    document = stationary_document(landscape)
    rows = rows_of(tables.stationary_csv(document))
    assert len(rows) == len(document["points"])
    for row, point in zip(rows, document["points"], strict=True):
        faces = re.findall(r"\(([-+0]+)\) a([<>])0", row["support"])
        assert "|".join(face for face, _ in faces) == point["support"]
        assert [1 if relation == ">" else -1 for _, relation in faces] == point["signs"]
        assert row["loss"] == point["loss"]
        assert row["minimum"] == str(point["minimum"])
        witness = point["descent"]
        assert (row["descent_kind"] == "") == point["minimum"] == (witness is None)
        if witness:
            assert row["descent_face"] == f"({witness['face']})"
            assert row["descent_vector"] == f"[{', '.join(witness['vector'])}]"
            assert (row["descent_kind"], row["descent_step"]) == (witness["kind"], witness["step"])


def test_the_summary_counts_components_by_dimension_and_place():
    found = [
        component("0.125", 0, on_boundary=False, global_at_width=True),
        component("0.25", 0),
        component("0.5", 1),
        component("0.5", 2, on_boundary=False),
    ]
    (row,) = summary.summary_frame({"a": hand_made(found)}).to_dict("records")
    expected = {
        "instance": "a",
        "n": 2,
        "d": 1,
        "width": 2,
        "ridge": "1/7",
        "supports_examined": 7,
        "components": 4,
        "isolated": 2,
        "dimension_1": 1,
        "dimension_2": 1,
        "isolated_on_boundary": 1,
        "interior": 2,
        "global_at_width": 1,
        "global_at_every_width": 0,
        "best_loss": "0.125",
        "worst_loss": "0.5",
        "undecided": 0,
        "complete": True,
        "note": "",
    }
    assert {key: row[key] for key in expected} == expected


def test_the_summary_csv_has_all_digits_and_the_readable_ones_six(document):
    best = document["components"][0]["loss"]
    assert rows_of(summary.summary_csv({"a": document}))[0]["best_loss"] == best
    short = tables.short_number(best)
    assert abs(Decimal(short) / Decimal(best) - 1) < Decimal("5e-6")
    for text in (summary.summary_markdown({"a": document}), summary.summary_latex({"a": document})):
        assert short in text
        assert best not in text


@pytest.mark.parametrize("others", [0, 1, 6])
def test_undecided_supports_show_in_every_summary(undecided, others):
    documents = {"open_one": undecided} | {f"good{k}": hand_made() for k in range(others)}
    row = rows_of(summary.summary_csv(documents))[0]
    assert (row["complete"], row["undecided"], row["global_at_width"]) == ("False", "3", "unknown")
    assert row["note"] == "3 supports undecided: list not complete"
    markdown, latex = summary.summary_markdown(documents), summary.summary_latex(documents)
    assert "open_one †" in markdown
    assert "**† open_one: 3 supports undecided: list not complete.**" in markdown
    assert r"\textbf{\dag\ open\_one: 3 supports undecided: list not complete.}" in latex
    assert r"open\_\allowbreak{}one \dag{}" in latex
    assert markdown.count("not complete") == latex.count("not complete") == 1


def test_complete_lists_carry_no_warning(document):
    for others in (0, 5):
        documents = {f"run{k}": document for k in range(others + 1)}
        for text in (summary.summary_markdown(documents), summary.summary_latex(documents)):
            assert "†" not in text
            assert "dag" not in text
            assert "not complete" not in text


def test_a_summary_says_what_completeness_rests_on(document):
    """Documents of earlier versions do not say it."""
    documents = {"new": document, "old": hand_made()}
    first, second = rows_of(summary.summary_csv(documents))
    assert (first["completeness"], second["completeness"]) == ("theorem E", "unknown")
    assert "completeness rests on" in summary.summary_markdown(documents)


def test_latex_escapes_what_latex_would_run():
    assert latex_escape(r"a_b & 50% {x} #1 $y$ ^ ~ \end") == (
        r"a\_b \& 50\% \{x\} \#1 \$y\$ \textasciicircum{} \textasciitilde{} \textbackslash{}end"
    )
    text = summary.summary_latex({r"50%_&\input": hand_made()})
    assert r"50\%\_\allowbreak{}\&\textbackslash{}input" in text


@pytest.mark.parametrize("count", [1, 2, 80])
def test_every_latex_row_has_as_many_cells_as_its_table_and_environments_are_closed(count):
    documents = {f"run_{k}": hand_made([component()]) for k in range(count)}
    for k, document in enumerate(documents.values()):
        document["problem"]["ridge"] = f"1/{k + 1}"
    text = summary.summary_latex(documents)
    found = re.findall(
        r"\\begin\{tabular\}\{@\{\}(.*?)@\{\}\}\n(.*?)\\end\{tabular\}", text, re.DOTALL
    )
    assert len(found) == text.count(r"\begin{tabular}") == -(-count // summary.LATEX_ROWS)
    for alignment, body in found:
        columns = len(re.sub(r"\{.*\}", "", alignment))
        rows = [line for line in body.splitlines() if line.endswith(r"\\")]
        assert {len(re.findall(r"(?<!\\)&", row)) + 1 for row in rows} == {columns}
    assert text.count("{") == text.count("}")
    assert all(text.count(latex_escape(name).split("_")[0]) for name in documents)


def test_what_all_instances_share_is_said_once_in_latex():
    documents = {"a": hand_made(), "b": hand_made()}
    documents["b"]["problem"]["ridge"] = "1/9"
    text = summary.summary_latex(documents)
    assert "All instances: n = 2, d = 1, L = 2, loss = sum, bias = none." in text
    assert "1/7" in text
    assert "1/9" in text


def test_markdown_has_a_column_per_instance_when_they_are_few_and_a_row_when_many():
    few = summary.summary_markdown({f"run{k}": hand_made() for k in range(2)}).splitlines()
    many = summary.summary_markdown({f"run{k}": hand_made() for k in range(9)}).splitlines()
    assert [cell.strip() for cell in few[0].strip("|").split("|")] == ["instance", "run0", "run1"]
    assert len(many) == 2 + 9
    assert {line.count("|") for line in many} == {many[0].count("|")}


def test_markdown_survives_a_name_with_a_bar():
    text = summary.summary_markdown({"a|b": hand_made()})
    assert r"a\|b" in text


def test_a_summary_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one document"):
        summary.summary_frame({})
