"""``--trace``, ``--report``, ``threadwork report`` and SIGUSR1: what a run does, for people."""

import http.client
import json
import os
import signal
import socket
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.e2e.test_endings import ended, wait_until_begun


def test_a_trace_and_a_page_of_a_run(run):
    run("t.py:picky", "ok", "bad", "ok2", "--trace", "t.json", "--report", "r.html", "-j", 2, status=1)
    events = json.loads(run.read("t.json"))
    assert {event["args"]["name"] for event in events if event["name"] == "thread_name"} <= {"picky-1", "picky-2"}
    page = run.read("r.html")
    assert "cannot take bad" in page
    assert "t.py:picky" in page  # among the settings


def test_they_are_written_when_the_run_is_interrupted(run):
    child = run.start("t.py:wait", 0, 30, "--trace", "t.json", "--report", "r.html")
    wait_until_begun(child, 2)
    child.send_signal(signal.SIGINT)
    ended(child, 130, within=2)
    assert json.loads(run.read("t.json"))
    assert "cancelled" in run.read("r.html")


@pytest.mark.parametrize("option", ["--trace", "--report"])
@pytest.mark.parametrize(
    ("command", "other"),
    [
        ("--lines it", "--lines"), ("--jsonl it", "--jsonl"), ("--csv it", "--csv"),
        ("1 -o it --format jsonl", "--output"), ("1 --errors it", "--errors"),
    ],
)  # fmt: skip
def test_they_never_take_the_place_of_another_file_of_the_run(run, command, other, option):
    run.write("it", "1\n")
    done = run("t.py:same", *command.split(), option, "./it", status=2)
    assert f"{other} and {option} are the same file, it: give two" in done.stderr
    assert run.read("it") == "1\n"


def test_a_trace_and_a_page_and_a_journal_are_three_files(run):
    run.write("it", "")
    assert "--trace and --report are the same" in run("t.py:same", "1", "--trace", "it", "--report", "it", status=2).stderr
    assert "--report and --journal are the same" in run("t.py:same", "1", "--report", "it", "--journal", "it", status=2).stderr
    assert run.read("it") == ""


def test_they_are_no_input(run):
    for name in ("t.json", "r.html"):
        run.write(name, "of the run before")
    run("t.py:same", "--files", ".", "--trace", "t.json", "--report", "r.html", "-o", "names.jsonl")
    names = {Path(json.loads(line)).name for line in run.read("names.jsonl").splitlines()}
    assert "t.py" in names
    assert not {"t.json", "r.html"} & names


def test_a_page_never_takes_the_place_of_its_journal(run):
    run("t.py:same", "1", "--journal", "j.db")
    assert "FILE and --output are the same file, j.db" in run("report", "j.db", "-o", "./j.db", status=2).stderr
    run("report", "j.db", "-o", "r.html")


def test_a_page_of_a_journal(run):
    run("t.py:picky", "ok", "bad", "--journal", "j.db", status=1)
    run("report", "j.db", "-o", "r.html")
    assert "cannot take bad" in run.read("r.html")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["t.py:same", "1", "--trace", "no/t.json"], "cannot write"),
        (["t.py:same", "1", "--report", "no/r.html"], "there is no folder"),
        (["t.py:same", "1", "--dashboard", "0.0.0.0:80"], "the dashboard is for this machine alone"),
        (["t.py:same", "1", "--dashboard", "8080x"], "--dashboard takes HOST:PORT"),
        (["report", "none.db", "-o", "r.html"], "there is no journal none.db"),
        (["report", "t.py", "-o", "r.html"], "t.py is not a journal"),
        (["report", "none.db"], "Missing option '-o'"),
    ],
)
def test_each_mistake_has_its_message(run, arguments, message):
    done = run(*arguments, status=2)
    assert message in done.stderr
    assert done.stdout == ""


def test_a_dashboard_while_the_command_runs(run):
    child = run.start("t.py:wait", 0, 30, "--progress", "off", "--dashboard")
    url = urlsplit(child.stderr.readline().decode().removeprefix("dashboard: ").strip())
    wait_until_begun(child, 2)
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=5)
    connection.request("GET", url.path)
    assert b"<title>threadwork" in connection.getresponse().read()
    connection.request("POST", f"{url.path}stop", "")
    assert connection.getresponse().status == 200
    connection.close()
    ended(child, 1, within=3)


def test_metrics_while_the_command_runs(run):
    child = run.start("t.py:wait", 0, 30, "--progress", "off", "--metrics", "127.0.0.1:0")
    url = child.stderr.readline().decode().removeprefix("metrics: ").strip()
    wait_until_begun(child, 2)
    found = b""
    while b'threadwork_items_running{otel_scope_name="threadwork"' not in found or b'status="done"' not in found:
        with urllib.request.urlopen(url, timeout=5) as answer:
            found = answer.read()
    child.send_signal(signal.SIGINT)
    ended(child, 130, within=3)


def test_a_dashboard_whose_port_is_in_use(run):
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        done = run("t.py:same", "1", "--dashboard", address, status=2)
    assert "cannot serve the dashboard: Address already in use" in done.stderr
    assert done.stdout == ""


def test_sigusr1_shows_what_each_thread_does(run):
    child = run.start("t.py:wait", 30, "--progress", "off")
    wait_until_begun(child)
    for _ in range(2):
        child.send_signal(signal.SIGUSR1)
        seen = b""
        while b", in wait\n" not in seen:  # the task's own frame, wherever it is just now
            seen += os.read(child.stderr.fileno(), 4096)
        assert b"wait-1: item 0 '30', for" in seen
    child.send_signal(signal.SIGINT)
    ended(child, 130, within=2)
