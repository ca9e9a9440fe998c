"""How a run of the command ends before its time: signals, deadlines, broken pipes."""

import json
import os
import signal
import subprocess
import time

import pytest


def wait_until_begun(child, count=1):
    """Read what the tasks print when they begin."""
    seen = b""
    while seen.count(b"begun\n") < count:
        piece = os.read(child.stderr.fileno(), 4096)
        assert piece, seen.decode()
        seen += piece


def ended(child, status, within):
    """Wait for the end, which has to come soon, with standard input left open; return standard output and error."""
    began = time.monotonic()
    stdin, child.stdin = child.stdin, None
    try:
        out, err = child.communicate(timeout=10)
    finally:
        child.stdin = stdin
    took = time.monotonic() - began
    assert child.returncode == status, err.decode()
    assert took < within, f"took {took:.2f} s: {err.decode()}"
    return out.decode(), err.decode()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_cooperative_tasks_and_keeps_what_is_finished(run, number, status):
    child = run.start("t.py:wait", 0, 20, 0, 20, 20, "-j", 3, "-o", "out.jsonl", "--errors", "bad.jsonl")
    wait_until_begun(child, 5)
    child.send_signal(number)
    _, err = ended(child, status, within=1)
    assert run.read("out.jsonl.partial") == "0.0\n0.0\n"
    assert run.names() == ["bad.jsonl.partial", "out.jsonl.partial"]
    statuses = [json.loads(line)["status"] for line in run.read("bad.jsonl.partial").splitlines()]
    assert statuses == ["cancelled"] * 3
    assert f"the results finished so far are in {run.folder}/out.jsonl.partial" in err
    assert "2 done, 3 cancelled" in err
    assert "Traceback" not in err


def test_ctrl_c_waits_for_hung_tasks_as_long_as_grace_says(run):
    child = run.start("t.py:hang", 30, "--grace", 0.3)
    wait_until_begun(child)
    child.send_signal(signal.SIGINT)
    _, err = ended(child, 130, within=2)
    assert "left behind: hang-1" in err


def test_what_ends_within_the_grace_is_kept(run):
    child = run.start("t.py:hang", 0.5, "-o", "out.jsonl")
    wait_until_begun(child)
    child.send_signal(signal.SIGINT)
    ended(child, 130, within=2)
    assert run.read("out.jsonl.partial") == "0.5\n"


def test_the_second_ctrl_c_leaves_at_once_and_keeps_what_is_finished(run):
    child = run.start("t.py:hang", 0, 30, "-j", 1, "--grace", 20, "-o", "out.jsonl")
    wait_until_begun(child, 2)
    child.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(0.3)  # it does give the task its grace
    child.send_signal(signal.SIGINT)
    _, err = ended(child, 130, within=1)
    assert run.read("out.jsonl.partial") == "0.0\n"
    assert run.names() == ["out.jsonl.partial"]
    assert f"left at once; the results written so far are in {run.folder}/out.jsonl.partial" in err


def test_ctrl_c_says_what_it_waits_for(run):
    child = run.start("t.py:hang", 1, "--grace", 20)
    wait_until_begun(child)
    child.send_signal(signal.SIGINT)
    _, err = ended(child, 130, within=3)
    assert "stopping: 1 still running, waiting up to 20 s; once more to leave at once" in err


def test_an_input_that_ends_by_the_same_ctrl_c_is_not_taken_for_whole(run):
    child = run.start("t.py:wait", "-o", "out.jsonl", "--progress", "off")
    child.stdin.write(b"0\n")
    child.stdin.flush()
    wait_until_begun(child)
    child.stdin.close()  # who writes it has had the signal a moment before
    child.stdin = None
    child.send_signal(signal.SIGINT)
    ended(child, 130, within=3)
    assert run.names() == ["out.jsonl.partial"]


def test_a_failure_is_told_when_it_happens_and_not_when_its_turn_comes(run):
    run.write("m.py", "import threadwork\ndef f(x):\n    threadwork.current().sleep(30) if x == 'a' else int(x)\n")
    child = run.start("m.py:f", "a", "b")
    assert b"failed: item 1 'b': ValueError" in child.stderr.readline()
    child.send_signal(signal.SIGINT)
    ended(child, 130, within=2)


def test_ctrl_c_ends_a_run_that_waits_for_standard_input(run):
    child = run.start("t.py:wait", "--lines")
    child.stdin.write(b"0\n0.00")
    child.stdin.flush()
    wait_until_begun(child)
    child.send_signal(signal.SIGINT)
    out, err = ended(child, 130, within=1)
    assert out == "0.0\n"
    assert "1 done in" in err
    assert "left behind" not in err


def test_a_signal_ends_a_run_that_writes_to_a_pipe_nobody_reads(run):
    child = run.start("t.py:same", *["x" * 1000] * 500, "--grace", 0.2)
    first = os.read(child.stdout.fileno(), 10)
    child.send_signal(signal.SIGTERM)
    child.wait(5)
    assert first.startswith(b'"xxx')
    assert child.returncode in (0, 143)  # 0 where it had all been written


def test_killed_outright_nothing_is_under_the_final_name(run):
    run.write("out.jsonl", "old\n")
    child = run.start("t.py:hang", 0, 30, "-j", 1, "-o", "out.jsonl")
    wait_until_begun(child, 2)
    child.kill()
    child.wait(5)
    assert run.read("out.jsonl") == "old\n"


def test_a_deadline_ends_the_run_and_keeps_what_is_finished(run):
    child = run.start("t.py:wait", 0, 20, "--timeout", 0.5, "-o", "out.jsonl")
    _, err = ended(child, 124, within=3)
    assert "error: run 'wait' took longer than its timeout of 0.5 s" in err
    assert run.read("out.jsonl.partial") == "0.0\n"


def test_head_ends_the_run_quietly_and_promptly(run):
    child = run.start("t.py:same", stdin=subprocess.PIPE)
    child.stdin.write(b"one\n")
    child.stdin.flush()
    assert os.read(child.stdout.fileno(), 100) == b'"one"\n'
    child.stdout.close()
    child.stdin.write(b"two\n")
    child.stdin.flush()
    child.wait(3)
    assert child.returncode == 141
    assert child.stderr.read() == b""


def test_a_result_is_written_before_the_next_item_is_there(run):
    child = run.start("t.py:same")
    for item in (b"one", b"two"):
        child.stdin.write(item + b"\n")
        child.stdin.flush()
        assert os.read(child.stdout.fileno(), 100) == b'"%s"\n' % item
    child.stdin.close()
    assert child.wait(5) == 0


def test_ctrl_c_while_the_module_is_imported(run):
    run.write("slow.py", "import sys, time\nprint('begun', flush=True)\ntime.sleep(20)\n")
    child = run.start("slow.py:f", 1)
    wait_until_begun(child)
    child.send_signal(signal.SIGINT)
    _, err = ended(child, 130, within=1)
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("code", "status"), [("sys.exit(7)", 7), ("sys.exit(0)", 1), ("sys.exit('no')", 1), ("raise KeyboardInterrupt", 1)]
)
def test_a_task_that_exits_ends_the_run_and_never_as_if_all_were_done(run, code, status):
    run.write("m.py", f"import sys\ndef f(x):\n    if x == 'c':\n        {code}\n    return x\n")
    child = run.start("m.py:f", "a", "b", "c", "d", "-j", 1, "-o", "out.jsonl")
    _, err = ended(child, status, within=3)
    assert run.read("out.jsonl.partial") == '"a"\n"b"\n'
    assert "failed: item 2 'c': " in err
    assert "2 done, 1 failed" in err


@pytest.mark.parametrize(("arguments", "status"), [(["t.py:picky", "--halt", "1"], 1), (["t.py:same", "--timeout", "0.5"], 124)])
def test_a_run_that_stops_does_not_wait_for_an_input_that_says_nothing(run, arguments, status):
    child = run.start(*arguments)
    child.stdin.write(b"bad\n")
    child.stdin.flush()
    _, err = ended(child, status, within=2)
    assert "left behind" not in err
