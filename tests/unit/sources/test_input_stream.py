import os
import threading
from pathlib import Path

import pytest

from threadwork.sources import InputError, InputStream


@pytest.fixture
def pipe():
    """Return a stream that reads a pipe, and the end to write to."""
    reader, writer = os.pipe()
    with InputStream(f"/dev/fd/{reader}") as stream:
        os.close(reader)
        yield stream, writer


def file_of(tmp_path, content):
    path = tmp_path / "input"
    path.write_bytes(content)
    return str(path)


@pytest.mark.parametrize(
    ("content", "records"),
    [
        (b"", []),
        (b"a", [b"a"]),
        (b"a\n", [b"a"]),
        (b"a\n\nb", [b"a", b"", b"b"]),
        (b"\n", [b""]),
        (b"x" * 200_000 + b"\n" + b"y", [b"x" * 200_000, b"y"]),
    ],
)
def test_records_are_what_stands_between_the_ends(tmp_path, content, records):
    with InputStream(file_of(tmp_path, content)) as stream:
        assert list(stream.records()) == records


def test_a_record_is_given_before_the_next_one_is_there(pipe):
    stream, writer = pipe
    records = stream.records()
    os.write(writer, b"one\ntw")
    assert next(records) == b"one"
    os.write(writer, b"o\n")
    assert next(records) == b"two"
    os.close(writer)
    assert list(records) == []


def test_stop_ends_a_blocked_read_and_gives_no_half_record(pipe):
    stream, writer = pipe
    got, first = [], threading.Event()

    def read():
        for record in stream.records():
            got.append(record)
            first.set()

    reader = threading.Thread(target=read)
    reader.start()
    os.write(writer, b"whole\nhal")
    assert first.wait(5)
    stream.stop()
    stream.stop()
    reader.join(5)
    os.close(writer)
    assert not reader.is_alive()
    assert got == [b"whole"]


def test_a_file_that_is_not_there_is_an_error_at_once(tmp_path):
    with pytest.raises(InputError, match=r"cannot read .*missing: No such file or directory"):
        InputStream(str(tmp_path / "missing"))


def test_a_directory_is_an_error_that_names_the_option(tmp_path):
    with pytest.raises(InputError, match=r"is a directory; .*--files"):
        InputStream(str(tmp_path))


def test_no_file_descriptor_is_left_open(tmp_path):
    path = file_of(tmp_path, b"a\n")
    before = len(list(Path("/proc/self/fd").iterdir()))
    with InputStream(path) as stream:
        list(stream.records())
    with pytest.raises(InputError):
        InputStream(str(tmp_path))
    assert len(list(Path("/proc/self/fd").iterdir())) == before
