"""The file of a journal: who may use it, what is refused, and that a full disk loses nothing."""

import os
import resource
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import threadwork
from threadwork import InvalidOption, Journal, JournalError
from threadwork.journal import compact, overview, records


def run(journal, items=range(3), task=str):
    return threadwork.map(task, items, journal=journal, workers=2).collect()


def test_it_is_for_its_owner_alone(path):
    old = os.umask(0)
    try:
        run(path)
    finally:
        os.umask(old)
    assert {stat.S_IMODE(file.stat().st_mode) for file in Path(path).parent.iterdir()} == {0o600}


def test_another_run_of_the_same_process_is_refused(path):
    first = threadwork.map(str, range(3), journal=path)
    next(first)
    with pytest.raises(JournalError, match=f"the journal {path} is used by another run"):
        run(path)
    assert first.collect() == ["1", "2"]
    assert run(path) == ["0", "1", "2"]


def test_another_process_is_refused_as_long_as_it_lives(path):
    code = (
        f"import threadwork\nfor _ in threadwork.map(str, [1, 2], journal={path!r}):\n    print(end='.', flush=True)\n    input()"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert child.stdout.read(1) == b"."
        with pytest.raises(JournalError, match="is used by another run"):
            run(path)
        with pytest.raises(JournalError, match="is used by another run"):
            compact(path)
        assert overview(path).counts["done"] >= 1  # looking is allowed
    finally:
        child.kill()
        child.communicate()
    assert run(path) == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"task": repr}, r"of task 'builtins\.str', and this run is of task 'builtins\.repr'"),
        ({"version": "2"}, "of version '1', and this run is of version '2'"),
        ({"values": False}, "of values 'json', and this run is of values 'nothing'"),
        ({"key": abs}, r"of key 'content', and this run is of key 'builtins\.abs'"),
    ],
)
def test_a_run_that_means_something_else_is_refused_with_both_named(path, other, message):
    threadwork.map(str, range(3), journal=Journal(path, version="1")).collect()
    task, key = other.pop("task", str), other.pop("key", None)
    with pytest.raises(JournalError, match=message):
        threadwork.map(task, range(3), key=key, journal=Journal(path, **{"version": "1", **other})).collect()
    assert overview(path).counts == {"done": 3}


@pytest.mark.parametrize("content", [b"not a database at all", b"SQLite format 3\x00" + b"x" * 5000])
def test_a_file_that_is_no_journal_is_refused_and_stays_as_it_was(path, content):
    Path(path).write_bytes(content)
    with pytest.raises(JournalError, match=path):
        run(path)
    assert Path(path).read_bytes() == content
    with pytest.raises(JournalError, match="is not a journal"):
        overview(path)


def test_a_database_of_somebody_else_is_refused(path):
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE mine (x)")
    connection.close()
    with pytest.raises(JournalError, match="is an SQLite database, but not a journal of threadwork"):
        run(path)


def test_a_journal_of_another_format_is_refused(path):
    run(path)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(JournalError, match="has format 99, and this threadwork reads format 1"):
        run(path)


def test_a_damaged_journal_is_refused(path):
    run(path, range(3000))
    with Path(path).open("r+b") as file:
        file.seek(8192)
        file.write(b"\xff" * 8192)
    with pytest.raises(JournalError, match="damaged|malformed"):
        run(path)


def test_a_path_that_cannot_be_a_file(tmp_path):
    with pytest.raises(JournalError, match="Is a directory"):
        run(str(tmp_path))
    with pytest.raises(JournalError, match="No such file or directory"):
        run(str(tmp_path / "no" / "run.db"))
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(JournalError, match="must be a regular file"):
        run(str(tmp_path / "pipe"))


FULL = """
import resource, signal, sys, threadwork
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
try:
    for value in threadwork.map(lambda n: "x" * 1000, range(100_000), journal=sys.argv[1], workers=2):
        print(end=".", flush=True)
except threadwork.JournalError as error:
    print("\\n", error, sep="")
    sys.exit(3)
"""


def test_a_full_disk_ends_the_run_and_nothing_that_was_yielded_is_lost(path):
    done = subprocess.run([sys.executable, "-c", FULL, path], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 3, done.stderr
    dots, message = done.stdout.split("\n", 1)
    assert f"cannot use the journal {path}:" in message
    assert overview(path).counts["done"] >= len(dots) > 0
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"path": ""}, "path"),
        ({"path": 5}, "path"),
        ({"path": "x", "version": 2}, "version"),
        ({"path": "x", "codec": "pickle"}, "codec"),
        ({"path": "x", "values": 1}, "values"),
        ({"path": "x", "in_doubt": "maybe"}, "in_doubt"),
    ],
)
def test_bad_fields_are_refused(given, message):
    with pytest.raises(InvalidOption, match=message):
        Journal(**given)


def test_compacting_gives_space_back(path):
    threadwork.map(lambda n: "x" * 1000, range(2000), journal=path).collect()
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM outcomes WHERE position >= 100")
    connection.close()
    before, after = compact(path)
    assert after < before / 5
    assert len(list(records(path))) == 100


def test_records_are_in_the_order_of_the_input_with_values_where_they_are_asked_for(path):
    threadwork.map(lambda n: {"n": n}, range(5), journal=path, workers=3).collect()
    assert [record["value"] for record in records(path, values=True)] == [{"n": n} for n in range(5)]
    assert "value" not in next(records(path))


def test_there_is_no_journal(path):
    for look in (overview, compact, lambda path: list(records(path))):
        with pytest.raises(JournalError, match=path):
            look(path)


def test_looking_leaves_nothing_behind(path):
    run(path)
    before = sorted(Path(path).parent.iterdir())
    assert overview(path).counts == {"done": 3}
    assert len(list(records(path))) == 3
    assert sorted(Path(path).parent.iterdir()) == before


def test_a_run_that_cannot_begin_lets_go_of_it(path, monkeypatch):
    def no_thread(*_):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr("threadwork.engine.execution.Crew", no_thread)
        with pytest.raises(RuntimeError):
            run(path)
    assert run(path) == ["0", "1", "2"]


FORKED = """
import os, sys, warnings, threadwork
warnings.simplefilter("ignore", DeprecationWarning)  # what Python says of forks with threads
run = threadwork.map(str, range(100), journal=sys.argv[1], workers=2, buffersize=10)
next(run)
if os.fork() == 0:
    run.close()
    os._exit(0)
os.wait()
assert run.collect() == [str(n) for n in range(1, 100)]
"""


def test_a_forked_child_keeps_its_hands_off(path):
    done = subprocess.run([sys.executable, "-c", FORKED, path], capture_output=True, text=True, timeout=15, check=False)
    assert done.returncode == 0, done.stderr
    assert overview(path).counts == {"done": 100}
