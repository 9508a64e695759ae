"""Delimited text: every record is read or malformed, with its physical line."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covermap.errors import FormatError
from covermap.formats.logs.rows import guess_delimiter, header_names, read_rows
from covermap.formats.text import Decoded, decode


def rows(text: str, delimiter: str = ",", **how: object):  # type: ignore[no-untyped-def]
    return read_rows(Decoded(text, "utf-8"), "x.csv", delimiter, **how)  # type: ignore[arg-type]


cells = st.text(st.sampled_from('ab ,;"\nß京'), max_size=6)
records = st.lists(st.lists(cells, min_size=1, max_size=5), max_size=12)


@given(records, st.sampled_from(["\n", "\r\n"]), st.integers(0, 3))
def test_rows_read_are_readings_plus_malformed_with_the_right_lines(
    data: list[list[str]], end: str, blanks: int
) -> None:
    """The plain reference: the csv module record by record, and counting line ends."""
    out = io.StringIO()
    out.write("a,b,c" + end)
    expected: dict[int, list[str]] = {}
    for fields in data:
        out.write(end * blanks)
        line = out.getvalue().count("\n") + 1
        record = io.StringIO()
        csv.writer(record, lineterminator="", quoting=csv.QUOTE_ALL).writerow(fields)
        expected[line] = [" ".join(f.split()) for f in fields]
        out.write(record.getvalue() + end)
    got = rows(decode(out.getvalue().encode(), "x").text)
    good = {
        line: [" ".join(v.split()) for v in values]
        for line, *values in zip(
            got.line.to_pylist(), *(got.columns[n].to_pylist() for n in "abc"), strict=True
        )
    }
    assert sorted([*good, *got.malformed["line"].to_pylist()]) == sorted(expected)
    for line, values in good.items():
        assert values == expected[line][:3]
        assert not any(expected[line][3:])
    for line in got.malformed["line"].to_pylist():
        assert len(expected[line]) < 3 or any(expected[line][3:])


@given(st.lists(st.lists(st.text(st.sampled_from('a"b\n'), max_size=3), max_size=4), max_size=9))
def test_no_text_is_ever_lost_or_read_twice_however_quotes_are_broken(
    data: list[list[str]],
) -> None:
    text = "a,b\n" + "\n".join(",".join(f) for f in data)
    got = rows(text)
    raws = got.raw.to_pylist() + got.malformed["raw"].to_pylist()
    kept = sorted("".join(raws).replace("\n", ""))
    assert kept == sorted(text[len("a,b\n") :].replace("\n", ""))


def test_a_quote_that_never_closes_costs_one_row_and_not_the_file() -> None:
    text = 'a,b\n1,"open\n' + "".join(f"{i},x\n" for i in range(200))
    got = rows(text)
    assert got.malformed["line"].to_pylist() == [2]
    assert got.malformed["detail"].to_pylist() == ["a quote is opened and not closed"]
    assert got.count == 200


def test_an_inch_sign_inside_a_field_is_no_quote() -> None:
    got = rows('a,b\n1,5" mast\n2,x\n3,6" mast\n')
    assert got.columns["b"].to_pylist() == ['5" mast', "x", '6" mast']


def test_blank_surplus_fields_are_counted_and_the_row_is_kept() -> None:
    got = rows("a,b\n1,2,\n3,4\n5,6,,\n")
    assert got.line.to_pylist() == [2, 3, 4]
    (problem,) = got.problems
    assert (problem.problem, problem.count, problem.first_line) == ("extra_field", 2, 2)


def test_the_same_unnamed_surplus_in_every_row_is_kept_only_where_it_is_tolerated() -> None:
    text = "a,b\n1,2,x,y\n3,4,z,w\n"
    assert rows(text).malformed.num_rows == 2
    got = rows(text, surplus="uniform")
    assert (got.count, got.problems[0].count, got.problems[0].example) == (2, 2, "x")
    assert rows(text + "5,6\n", surplus="uniform").malformed.num_rows == 2


def test_two_columns_of_one_name_are_refused() -> None:
    with pytest.raises(FormatError, match="two columns are named 'a'"):
        rows("a,b,a\n1,2,3\n")


def test_a_header_alone_is_no_rows() -> None:
    got = rows("a,b\n")
    assert (got.count, got.malformed.num_rows) == (0, 0)


def test_comments_and_a_separator_line_before_the_header_are_stepped_over() -> None:
    got = rows("sep=,\n# CSV Version=0.4.0\n#x\na,b\n1,2\n", comments=True)
    assert (got.names, got.line.to_pylist()) == (("a", "b"), [5])


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [("a\tb c\td", "\t"), ("a;b,c;d", ";"), ("a,b c", ","), ("a|b", "|"), ("a b(m) c", " "),
     ("a    b   c", "whitespace")],
)  # fmt: skip
def test_the_delimiter_is_told_by_the_header(header: str, delimiter: str) -> None:
    assert guess_delimiter(header) == delimiter


def test_a_quoted_header_name_may_hold_a_line_break_and_the_delimiter() -> None:
    assert header_names('"天线\n挂高","lat,lon",', ",") == ["天线 挂高", "lat,lon"]


def test_a_header_of_several_lines_is_one_header() -> None:
    got = rows('a,"height\nof mast",c\n1,2,3\n')
    assert (got.names, got.line.to_pylist()) == (("a", "height of mast", "c"), [3])


def test_single_spaces_keep_an_empty_field_and_runs_of_spaces_do_not_make_any() -> None:
    spaced = rows("a b c\n1  3 \n", " ")
    assert [spaced.columns[n][0].as_py() for n in "abc"] == ["1", "", "3"]
    aligned = rows("a   b   c\n1   22  3\n", "whitespace")
    assert [aligned.columns[n][0].as_py() for n in "abc"] == ["1", "22", "3"]
