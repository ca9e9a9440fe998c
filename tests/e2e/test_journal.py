"""``--journal`` and ``threadwork journal``: a command that goes on where it was."""

import json
import signal
import time

import pytest

from tests.e2e.test_endings import ended, wait_until_begun
from threadwork.journal import overview

WORK = """
import threadwork, sys

def slow(n: int):
    if n >= 5:
        print(end="begun\\n", flush=True)
        threadwork.current().sleep(30 if len(sys.argv) > 3 and "--grace" in sys.argv else 0)
    return {"n": n, "text": f"<{n}>"}

def picky(n: int):
    if n == 3:
        raise ValueError("three")
    return n
"""


@pytest.fixture
def tool(run):
    run.write("m.py", WORK)
    return run


def test_ctrl_c_and_the_same_command_again(tool):
    command = ["m.py:slow", *range(8), "-j", 8, "--journal", "r.db", "-o", "out.jsonl"]
    child = tool.start(*command, "--grace", 1)
    wait_until_begun(child, 3)
    child.send_signal(signal.SIGINT)
    _, err = ended(child, 130, within=3)
    assert "what is done is in r.db: the same command goes on from there" in err
    again = tool(*command)
    assert "8 done (5 before)" in again.stderr
    assert [json.loads(line)["n"] for line in tool.read("out.jsonl").splitlines()] == list(range(8))
    third = tool(*command)
    assert "8 done (8 before)" in third.stderr
    assert "goes on" not in third.stderr


@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
def test_the_output_is_the_same_with_results_from_the_journal(tool, suffix):
    for name in ("a", "b"):
        tool("m.py:slow", *range(4), "--journal", "r.db", "-o", f"{name}.{suffix}")
    assert tool.read(f"a.{suffix}") == tool.read(f"b.{suffix}")


def test_looking_into_it(tool):
    tool("m.py:picky", *range(5), "--journal", "r.db", status=1)
    shown = tool("journal", "show", "r.db").stdout
    assert "task     m.picky" in shown
    assert "done     4" in shown
    assert "failed   1" in shown
    overview = json.loads(tool("journal", "show", "r.db", "--json").stdout)
    assert overview["counts"] == {"done": 4, "failed": 1}
    (failed,) = map(json.loads, tool("journal", "failed", "r.db").stdout.splitlines())
    assert (failed["item"], failed["error"], failed["message"]) == ("3", "ValueError", "three")
    assert tool("journal", "in-doubt", "r.db").stdout == ""
    exported = map(json.loads, tool("journal", "export", "r.db").stdout.splitlines())
    assert [record["value"] for record in exported] == [0, 1, 2, None, 4]
    tool("journal", "export", "r.db", "-o", "x.csv")
    assert tool.read("x.csv").startswith("run,position,item,status,")
    assert "bytes, now" in tool("journal", "compact", "r.db").stderr


def test_items_in_doubt_are_held_back(tool):
    command = ["m.py:slow", *range(8), "-j", 8, "--journal", "r.db", "--in-doubt", "hold"]
    child = tool.start(*command, "--grace", 1)
    wait_until_begun(child, 3)
    while overview(str(tool.folder / "r.db")).counts.get("done", 0) < 5:
        time.sleep(0.01)
    child.kill()
    child.wait(5)
    held = tool(*command, status=1)
    assert "failed: item 5 '5': InDoubt: it had begun in an earlier run, and nobody knows how it ended" in held.stderr
    assert [json.loads(line)["n"] for line in held.stdout.splitlines()] == [0, 1, 2, 3, 4]
    assert [json.loads(line)["item"] for line in tool("journal", "in-doubt", "r.db").stdout.splitlines()] == ["5", "6", "7"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["m.py:picky", "1", "--in-doubt", "hold"], "--in-doubt is about --journal FILE, which is not there"),
        (["m.py:picky", "1", "--journal", "m.py"], "m.py is not a journal"),
        (["m.py:picky", "1", "--journal", "no/r.db"], "cannot use the journal no/r.db: No such file or directory"),
        (["m.py:picky", "1", "1", "--journal", "r.db"], "items 0 and 1 have the same key, '1'"),
        (["journal", "show", "none.db"], "there is no journal none.db"),
        (["journal", "failed", "m.py"], "m.py is not a journal"),
    ],
)
def test_each_mistake_has_its_message(tool, arguments, message):
    done = tool(*arguments, status=2)
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_its_own_files_are_no_input(tool):
    tool("m.py:picky", "1", "--journal", "r.db")
    tool.write("names.py", "def name(path):\n    return path\n")
    listed = tool("names.py:name", "--files", ".", "--journal", "s.db").stdout
    assert "r.db" in listed
    assert "s.db" not in listed
