"""``threadwork run`` with input and output as it is used."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import termios
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def values(text):
    return [json.loads(line) for line in text.splitlines()]


def test_the_hashes_of_every_file_below_a_directory(run):
    shutil.copy(EXAMPLES / "hashes.py", run.folder)
    library = sysconfig.get_path("stdlib") + "/email"
    done = run("hashes.py:digest", "--files", library, "-j", 16, "-o", "out.jsonl")
    expected = subprocess.run(
        f"find {library} -type f -exec sha256sum {{}} +", shell=True, capture_output=True, text=True, check=True
    ).stdout
    found = values(run.read("out.jsonl"))
    assert {(each["sha256"], each["path"]) for each in found} == {tuple(line.split(maxsplit=1)) for line in expected.splitlines()}
    assert all(each["lines"] == Path(each["path"]).read_bytes().count(b"\n") for each in found)
    assert done.stdout == ""
    assert done.stderr.startswith(f"digest: {len(found)} done in ")
    assert run.names() == ["hashes.py", "out.jsonl"]


def test_a_thousand_lines_of_standard_input_in_order(run):
    run.write("mymodule.py", "def square(line):\n    return int(line) ** 2\n")
    done = run("mymodule:square", "-j", 8, stdin="".join(f"{n}\n" for n in range(1, 1001)))
    assert values(done.stdout) == [n * n for n in range(1, 1001)]


def test_csv_rows_unordered_with_the_failed_ones_in_a_file(run):
    run.write("people.csv", "name,age\nann,31\nbob,unknown\ncy,7\n")
    run.write("m.py", "def f(row):\n    return {'name': row['name'], 'age': int(row['age'])}\n")
    done = run("m.py:f", "--csv", "people.csv", "--unordered", "--errors", "bad.jsonl", status=1)
    assert sorted(each["name"] for each in values(done.stdout)) == ["ann", "cy"]
    [bad] = values(run.read("bad.jsonl"))
    assert (bad["index"], bad["item"], bad["status"]) == (1, {"name": "bob", "age": "unknown"}, "failed")
    assert (bad["type"], bad["message"]) == ("ValueError", "invalid literal for int() with base 10: 'unknown'")
    assert "m.py" in bad["traceback"]
    assert "threadwork/" not in bad["traceback"]
    assert bad["worker"].startswith("f-")
    assert "2 done, 1 failed" in done.stderr


def test_arguments_are_items(run):
    assert values(run("t.py:same", "a", "b.csv", "-").stdout) == ["a", "b.csv", "-"]


@pytest.mark.parametrize("arguments", [["--lines", "in.txt"], ["--lines", "-"], ["--lines"], []])
def test_lines_of_a_file_or_of_standard_input(run, arguments):
    run.write("in.txt", "a\n\nb")
    assert values(run("t.py:same", *arguments, stdin="a\n\nb").stdout) == ["a", "", "b"]


@pytest.mark.parametrize("arguments", [["--jsonl", "in.jsonl"], ["--jsonl", "-"], ["--jsonl"]])
def test_json_lines_keep_their_types(run, arguments):
    run.write("in.jsonl", '1\n{"a": null}\n')
    assert values(run("t.py:same", *arguments, stdin='1\n{"a": null}\n').stdout) == [1, {"a": None}]


def test_names_from_find_print0(run):
    assert values(run("t.py:same", "-0", stdin="a\nb\0c d\0").stdout) == ["a\nb", "c d"]


def test_the_output_of_this_run_and_the_last_is_no_input(run):
    for _ in range(2):
        run("t.py:same", "--files", ".", "-o", "out.jsonl", "--errors", "bad.jsonl")
        found = values(run.read("out.jsonl"))
        assert "./t.py" in found
        assert not [path for path in found if "jsonl" in path]


def test_csv_to_a_file_and_to_standard_output(run):
    rows = '{"a": 1, "b": "x"}\n{"a": 2, "b": null}\n'
    run("t.py:same", "--jsonl", "-o", "out.csv", stdin=rows)
    assert run.read("out.csv") == "a,b\n1,x\n2,\n"
    assert run("t.py:same", "--jsonl", "--format", "csv", stdin=rows).stdout == run.read("out.csv")


def test_results_come_in_input_order_unless_told_otherwise(run):
    assert values(run("t.py:wait", "0.3", "0", "-j", 2).stdout) == [0.3, 0.0]
    assert values(run("t.py:wait", "0.3", "0", "-j", 2, "--unordered").stdout) == [0.0, 0.3]


def test_the_threads_have_the_name_of_the_function_or_the_one_given(run):
    assert set(values(run("t.py:thread", *range(8), "-j", 2).stdout)) == {"thread-1", "thread-2"}
    assert set(values(run("t.py:thread", 1, "--name", "hasher").stdout)) == {"hasher-1"}


def test_what_a_task_prints_is_no_result(run):
    done = run("t.py:shout", "a")
    assert done.stdout == '"A"\n'
    assert "heard a\n" in done.stderr


def test_a_value_that_cannot_be_written_fails_its_item_alone(run):
    run.write("m.py", "def f(x):\n    return {x} if x == 'b' else x\n")
    done = run("m.py:f", "a", "b", "c", status=1)
    assert values(done.stdout) == ["a", "c"]
    assert (
        "failed: item 1 'b': UnwritableValue: the result cannot be written as JSON: it holds a value of type set" in done.stderr
    )
    assert "hint" not in done.stderr


def test_with_json_every_line_on_standard_error_is_an_event(run):
    done = run("t.py:picky", "ok", "bad", "--json", "--errors", "-", status=1)
    assert [event["event"] for event in values(done.stderr)] == ["failure", "summary"]


def test_a_failed_item_is_a_line_on_standard_error_with_the_place(run):
    done = run("t.py:picky", "ok", "bad", status=1)
    assert values(done.stdout) == ["ok"]
    line = run.read("t.py")[: run.read("t.py").index("raise ValueError")].count("\n") + 1
    assert f"failed: item 1 'bad': ValueError: cannot take bad (t.py:{line})\n" in done.stderr
    assert "Traceback" not in done.stderr


def test_verbose_shows_the_traceback_with_the_item(run):
    done = run("t.py:picky", "bad", "-v", status=1)
    assert "Traceback" in done.stderr
    assert "while processing item 0" in done.stderr


def test_text_where_a_number_is_wanted_brings_the_hint(run):
    run.write("m.py", "def square(n):\n    return n * n\n")
    done = run("m.py:square", "3", status=1)
    assert "hint: items read as text are str: annotate the parameter, like (n: int)" in done.stderr
    assert values(run("m.py:square", "--jsonl", stdin="3\n").stdout) == [9]
    assert values(run("t.py:square", "3").stdout) == [9]


def test_quiet_shows_failures_alone(run):
    assert run("t.py:same", "a", "-q").stderr == ""
    assert run("t.py:picky", "bad", "-q", status=1).stderr.startswith("failed: item 0")


def test_json_makes_standard_error_readable_for_programs(run):
    done = run("t.py:picky", "a", "bad", "--json", status=1)
    failure, summary = values(done.stderr)
    assert (failure["event"], failure["item"], failure["type"]) == ("failure", "bad", "ValueError")
    assert (summary["event"], summary["done"], summary["failed"], summary["status"]) == ("summary", 1, 1, "completed")


def test_json_tells_of_the_end_too(run):
    done = run("t.py:same", "--jsonl", "--json", "-o", "out.jsonl", stdin="1\n{\n", status=2)
    kept, error, summary = values(done.stderr)
    assert (kept["event"], kept["path"]) == ("kept", f"{run.folder}/out.jsonl.partial")
    assert (error["event"], error["message"].partition(": ")[0]) == ("error", "standard input:2")
    assert summary["event"] == "summary"


def test_dry_run_shows_the_items_and_runs_and_writes_nothing(run):
    done = run("t.py:shout", "--csv", "--dry-run", "-o", "out.jsonl", stdin="a,b\n1,2\n")
    assert values(done.stdout) == [{"a": "1", "b": "2"}]
    assert done.stderr == "1 items; nothing was run\n"
    assert run.names() == []


def test_options_come_from_the_command_line_then_the_environment_then_the_file(run):
    run.write("conf.toml", '[run]\nworkers = 1\nname = "file"\ndry-run = false\n')
    run.environment["THREADWORK_RUN_NAME"] = "environment"
    items = list(range(8))
    assert set(values(run("t.py:thread", *items, "--config", "conf.toml").stdout)) == {"environment-1"}
    assert set(values(run("t.py:thread", *items, "--config", "conf.toml", "--name", "flag").stdout)) == {"flag-1"}
    del run.environment["THREADWORK_RUN_NAME"]
    assert set(values(run("t.py:thread", *items, "--config", "conf.toml", "-j", 2).stdout)) == {"file-1", "file-2"}


def test_an_input_without_items_is_no_failure(run):
    done = run("t.py:same", "-o", "out.jsonl")
    assert run.read("out.jsonl") == ""
    assert "0 done" in done.stderr


def test_a_long_input_and_output_stay_flat_in_memory(run):
    run.write("m.py", "import resource\ndef f(x):\n    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n")
    peaks = values(run("m.py:f", stdin="x" * 50 + "\n" + ("y" * 50 + "\n") * 200_000, status=0).stdout)
    assert len(peaks) == 200_001
    assert max(peaks) - peaks[20_000] < 8_000  # KiB; the input alone has 10,000


def test_python_m_threadwork_is_the_same(run):
    done = subprocess.run(
        [sys.executable, "-m", "threadwork", "run", "t.py:square", "3"],
        cwd=run.folder,
        capture_output=True,
        timeout=15,
        check=True,
    )
    assert done.stdout == b"9\n"


def test_without_the_extra_the_command_says_what_to_install(run):
    run.write("click.py", "raise ModuleNotFoundError(\"No module named 'click'\", name='click')\n")
    done = subprocess.run(
        [sys.executable, "-m", "threadwork", "run"],
        cwd=run.folder,
        env={**os.environ, "PYTHONPATH": str(run.folder)},
        capture_output=True,
        timeout=15,
        check=False,
    )
    assert done.returncode == 2
    assert b'the command needs the package click: pip install "threadwork[cli]"' in done.stderr


def test_a_terminal_shows_a_bar_and_results_stay_clean(run):
    terminal, its_end = os.openpty()
    termios.tcsetwinsize(terminal, (24, 80))
    run.environment["TERM"] = "xterm"
    child = run.start("t.py:wait", 0, 0.5, "bad", "-o", "out.jsonl", stdout=its_end, stderr=its_end)
    os.close(its_end)
    shown = b""
    with contextlib.suppress(OSError):  # Linux tells the end of a terminal by an error
        while piece := os.read(terminal, 4096):
            shown += piece
    os.close(terminal)
    assert child.wait(5) == 1
    assert b"wait" in shown
    assert b"/3" in shown
    assert shown.count(b"\r") > 3
    assert b"failed: item 2 'bad': ValueError" in shown
    assert run.read("out.jsonl") == "0.0\n0.5\n"
