"""What is said about bad input, and what is kept."""

import json
import subprocess
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["t.py:sqare", "1"], "t.py has no 'sqare'; did you mean square"),
        (["t.py:TASKS.x", "1"], "t.py has no 'TASKS.x'"),
        (["nowhere:f", "1"], "there is no module 'nowhere' here or installed"),
        (["tt.py:f", "1"], "there is no file 'tt.py'; did you mean t.py"),
        (["t.py:sys", "1"], "t.py:sys is not a function but module"),
        (["t.py:begun", "1"], "t.py:begun must take one argument, the item, but it takes (): too many positional arguments"),
        (["t.py", "1"], "'t.py' is not MODULE:FUNCTION or FILE.py:FUNCTION"),
        (["t.py:same", "1", "-j", "0"], "'-j' / '--workers': '0' is not auto or a whole number of at least 1"),
        (["t.py:same", "1", "-j", "many"], "'many' is not auto or a whole number of at least 1"),
        (["t.py:same", "1", "--timeout", "0"], "'--timeout': 0.0 is not in the range x>0"),
        (["t.py:same", "1", "--halt", "0"], "'0' is not a count like 1, a share like 5%, or never"),
        (["t.py:same", "1", "--batch", "0"], "'0' is not auto or a whole number of at least 1"),
        (["t.py:same", "1", "-o", "no/out.jsonl"], "/no/out.jsonl: No such file or directory"),
        (["t.py:same", "1", "-o", "out.xls"], "cannot tell the format of out.xls: name it .jsonl or .csv"),
        (
            ["t.py:same", "1", "-o", "x.jsonl", "--errors", "./x.jsonl"],
            "--output and --errors are the same file, x.jsonl: give two",
        ),
        (["t.py:same", "1", "--errors", "/"], "cannot write /: it is a directory"),
        (["t.py:same", "--csv", "no.csv"], "cannot read no.csv: No such file or directory"),
        (["t.py:same", "--jsonl", "."], "cannot read .: it is a directory; its files are the items with --files"),
        (["t.py:same", "--files", "no"], "cannot read no: No such file or directory"),
        (["t.py:same", "--files", "t.py"], "cannot read t.py: Not a directory"),
        (["t.py:same", "a", "--csv", "b.csv"], "there are two inputs, --csv 'b.csv' and arguments 'a': give one"),
        (["t.py:same", "-0", "--csv", "b.csv"], "-0 is about lines and does not go with --csv"),
        (["t.py:same", "1", "--config", "no.toml"], "cannot read the configuration no.toml"),
        (["--csv", "people.csv"], "Missing argument 'MODULE:FUNCTION'"),
    ],
)
def test_before_anything_runs(run, arguments, message):
    done = run(*arguments, "--progress", "off", status=2)
    assert message in " ".join(done.stderr.split())
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert run.names() == []


def test_an_unknown_option_in_the_configuration(run):
    run.write("conf.toml", "[run]\nwrokers = 3\n")
    assert (
        "conf.toml: unknown option 'wrokers'; did you mean 'workers'?"
        in run("t.py:same", "1", "--config", "conf.toml", status=2).stderr
    )


def test_a_configuration_without_the_table_of_the_command(run):
    run.write("conf.toml", "workers = 3\n")
    assert "conf.toml has no table [run]" in run("t.py:same", "1", "--config", "conf.toml", status=2).stderr


@pytest.mark.parametrize(
    ("arguments", "message"), [([], b"there is no input"), (["--lines"], b"cannot read standard input: there is none")]
)
def test_standard_input_that_is_closed(run, arguments, message):
    closed = ["sh", "-c", 'exec "$@" <&-', "sh", *run.line(["t.py:same", *arguments])]
    done = subprocess.run(closed, cwd=run.folder, capture_output=True, timeout=15, check=False)
    assert done.returncode == 2
    assert message in done.stderr


MALFORMED = [
    (["--jsonl"], b'"good"\n{"a":\n"never"\n', "standard input:2: not JSON: Expecting value, at column 6"),
    (["--csv"], b"a,b\n1,2\n3\n", "standard input:3: 1 field where the header has 2"),
    (["--lines"], b"good\n\xff\xfe\n", "standard input:2: not UTF-8: byte 0xff at place 1 of the line"),
]


@pytest.mark.parametrize(("arguments", "content", "message"), MALFORMED)
def test_malformed_input_is_named_by_line_and_what_is_finished_is_kept(run, arguments, content, message):
    done = run("t.py:same", *arguments, "-o", "out.jsonl", stdin=content, status=2)
    assert f"error: {message}\n" in done.stderr
    assert f"the results finished so far are in {run.folder}/out.jsonl.partial\n" in done.stderr
    assert run.names() == ["out.jsonl.partial"]
    assert len(run.read("out.jsonl.partial").splitlines()) == 1


@pytest.mark.parametrize(("arguments", "content", "message"), MALFORMED)
def test_malformed_input_after_results_on_standard_output(run, arguments, content, message):
    done = run("t.py:same", *arguments, stdin=content, status=2)
    assert len(done.stdout.splitlines()) == 1
    assert message in done.stderr


def test_a_malformed_file_is_named(run):
    run.write("people.csv", "a,b\n1\n")
    assert "error: people.csv:2: 1 field where the header has 2" in run("t.py:same", "--csv", "people.csv", status=2).stderr


def test_all_results_before_a_malformed_line_are_kept_in_order(run):
    content = "".join(f"{n}\n" for n in range(5_000)) + "{\n"
    run("t.py:same", "--jsonl", "-o", "out.jsonl", stdin=content, status=2)
    assert [json.loads(line) for line in run.read("out.jsonl.partial").splitlines()] == list(range(5_000))


def test_an_output_that_is_full_ends_the_run(run):
    with Path("/dev/full").open("wb") as full:
        child = run.start("t.py:same", "1", stdout=full)
        _, said = child.communicate(timeout=10)
    assert child.returncode == 2
    assert b"error: the result of item 0 '1': cannot write standard output: No space left on device" in said


def test_a_csv_row_that_does_not_fit_ends_the_run_and_names_its_item(run):
    done = run("t.py:same", "--jsonl", "-o", "out.csv", stdin='{"a": 1}\n{"b": 2}\n', status=2)
    assert "error: the result of item 1 {'b': 2}: its columns are b; those of the CSV header are a" in done.stderr
    assert run.read("out.csv.partial") == "a\n1\n"


def test_failed_items_do_not_keep_the_file_from_its_place(run):
    run("t.py:picky", "a", "bad", "c", "-o", "out.jsonl", status=1)
    assert run.read("out.jsonl") == '"a"\n"c"\n'
    assert run.names() == ["out.jsonl"]


def test_halt_stops_early_and_leaves_the_file_unfinished(run):
    items = "a\nbad\n" + "bad\n" * 5_000
    done = run("t.py:picky", "--halt", "1", "-j", "1", "-o", "out.jsonl", "--errors", "bad.jsonl", stdin=items, status=1)
    assert run.names() == ["bad.jsonl.partial", "out.jsonl.partial"]
    failed = [json.loads(line) for line in run.read("bad.jsonl.partial").splitlines()]
    assert len([each for each in failed if each["status"] == "failed"]) == 1
    assert "; halted" in done.stderr


def test_an_errors_file_without_failures_is_empty(run):
    run.write("bad.jsonl", "old\n")
    run("t.py:same", "a", "--errors", "bad.jsonl")
    assert run.read("bad.jsonl") == ""
