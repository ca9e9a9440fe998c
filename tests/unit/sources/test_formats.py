import pytest

from threadwork.sources import InputError, InputStream, csv_rows, json_values, lines


@pytest.fixture
def read(tmp_path):
    def read_with(source, content, *args):
        path = tmp_path / "data"
        path.write_bytes(content)
        got = []
        with InputStream(str(path)) as stream:
            try:
                got.extend(source(stream, *args))
            except InputError as error:
                return got, str(error).removeprefix(str(path))
        return got, None

    return read_with


@pytest.mark.parametrize(
    ("content", "items"),
    [
        (b"a\nb\n", ["a", "b"]),
        (b"a\r\nb", ["a", "b"]),
        (b"a\n\nb\n", ["a", "", "b"]),
        (b"  a \n", ["  a "]),
        (b"\xef\xbb\xbfa\n\xef\xbb\xbfb", ["a", "\ufeffb"]),
        ("Ä\n€".encode(), ["Ä", "€"]),
    ],
)
def test_a_line_is_an_item_without_its_end(read, content, items):
    assert read(lines, content) == (items, None)


def test_lines_that_end_in_nul_may_hold_newlines(read):
    assert read(lines, b"a\nb\0c\r\0", b"\0") == (["a\nb", "c\r"], None)


def test_a_line_that_is_not_utf_8_is_named_and_those_before_it_are_given(read):
    assert read(lines, b"good\nb\xffd\n") == (["good"], ":2: not UTF-8: byte 0xff at place 2 of the line")


def test_json_values_keep_their_types_and_blank_lines_are_skipped(read):
    assert read(json_values, b'1\n"x"\n\n  \n{"a": [null]}') == ([1, "x", {"a": [None]}], None)


def test_a_line_that_is_not_json_is_named(read):
    assert read(json_values, b'1\n\n{"a":\n2') == ([1], ":3: not JSON: Expecting value, at column 6")


def test_json_nested_too_deeply_is_an_error_of_the_line(read):
    got, error = read(json_values, b"[" * 200_000)
    assert (got, error) == ([], ":1: this JSON is nested too deeply")


def test_a_csv_row_is_a_dict_and_quotes_may_hold_newlines(read):
    rows = [{"name": "ann", "note": "a\nb"}, {"name": "b,c", "note": ""}]
    assert read(csv_rows, b'name,note\r\nann,"a\nb"\r\n\r\n"b,c",\r\n') == (rows, None)


@pytest.mark.parametrize(
    ("content", "count", "error"),
    [
        (b"a,b\n1,2\n3\n", 1, ":3: 1 field where the header has 2"),
        (b"a,b\n1,2,3\n", 0, ":2: 3 fields where the header has 2"),
        (b'a,b\n"1\n2",x\n1\n', 1, ":4: 1 field where the header has 2"),
        (b"a,a\n1,2\n", 0, ":1: the header names the column 'a' twice"),
        (b"", 0, ": empty; the first row must name the columns"),
        (b'a\n"b\n', 0, ":2: not CSV: unexpected end of data"),
        (b"a\nb\n\xff\n", 1, ":3: not UTF-8: byte 0xff at place 1 of the line"),
    ],
)
def test_malformed_csv_is_named_by_line(read, content, count, error):
    got, said = read(csv_rows, content)
    assert (len(got), said) == (count, error)


def test_a_csv_with_a_header_alone_has_no_rows(read):
    assert read(csv_rows, b"a,b\n") == ([], None)
