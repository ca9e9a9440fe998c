import dataclasses
import datetime as dt
import json
import math
from pathlib import Path

import pytest

from threadwork.sinks import CsvRows, JsonLines, OutputError, UnwritableValue, json_text, open_output


@dataclasses.dataclass
class Point:
    x: int
    where: Path


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": [1, 2.5, None, True]}, '{"a": [1, 2.5, null, true]}'),
        ("Ä\n", '"Ä\\n"'),
        (Point(1, Path("a/b")), '{"x": 1, "where": "a/b"}'),
        ([dt.date(2026, 1, 2), dt.datetime(2026, 1, 2, 3, tzinfo=dt.UTC)], '["2026-01-02", "2026-01-02T03:00:00+00:00"]'),
        ("not \udcff text", '"not \\udcff text"'),
    ],
)
def test_json_is_one_readable_line(value, text):
    assert json_text(value) == text
    json.loads(text)


@pytest.mark.parametrize(
    ("value", "word"), [({1, 2}, "set"), (b"x", "bytes"), (math.nan, "float"), ({(1, 2): 3}, "tuple"), (object(), "object")]
)
def test_what_json_does_not_have_is_refused_with_its_type(value, word):
    with pytest.raises(UnwritableValue, match=f"cannot be written as JSON.*{word}"):
        JsonLines().encode([value])


def test_a_value_that_holds_itself_is_refused():
    value = []
    value.append(value)
    with pytest.raises(UnwritableValue, match="Circular"):
        JsonLines().encode(value)


def csv_of(*values):
    rows = CsvRows()
    return b"".join(rows.render(rows.encode(value)) for value in values).decode()


def test_the_first_row_decides_the_header_and_the_order():
    assert csv_of({"a": 1, "b": None}, {"b": True, "a": "x,y"}) == 'a,b\n1,\n"x,y",true\n'


def test_a_value_that_is_no_dict_is_a_row_of_one_column():
    assert csv_of("a", 2, None) == 'value\na\n2\n""\n'


def test_cells_hold_plain_text_or_json():
    assert csv_of(Point(1, Path('a"b')), {"x": [1], "where": dt.date(2026, 1, 2)}) == 'x,where\n1,"a""b"\n[1],2026-01-02\n'


@pytest.mark.parametrize("row", [{"a": 1}, {"a": 1, "b": 2, "c": 3}, {"a": 1, "c": 2}])
def test_a_row_with_other_columns_is_refused(row):
    with pytest.raises(OutputError, match=r"its columns are a.*those of the CSV header are a, b"):
        csv_of({"a": 1, "b": 2}, row)


def test_a_suffix_that_is_no_format_is_refused_before_anything_is_opened(tmp_path):
    with pytest.raises(OutputError, match=r"cannot tell the format of .*x\.parquet"):
        open_output(str(tmp_path / "x.parquet"))
    assert list(tmp_path.iterdir()) == []
