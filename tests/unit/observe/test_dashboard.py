"""The dashboard's server: for this machine, for those who know the word, and gone when it is left."""

import http.client
import json
import socket
import threading
from urllib.parse import urlsplit

import pytest

import threadwork
from tests.support.aside import wait_until
from threadwork import Dashboard, InvalidOption


@pytest.fixture
def dashboard():
    with Dashboard() as page:
        yield page


def ask(dashboard, path, method="GET", body=None, **headers):
    """Ask for `path` behind the word; return status, headers and body."""
    url = urlsplit(dashboard.url)
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=5)
    try:
        connection.request(method, path if path.startswith("/") else url.path + path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def first_event(dashboard):
    url = urlsplit(dashboard.url)
    with socket.create_connection((url.hostname, url.port), timeout=5) as connection:
        connection.sendall(f"GET {url.path}events HTTP/1.1\r\nHost: {url.netloc}\r\n\r\n".encode())
        with connection.makefile("rb") as stream:
            line = next(line for line in stream if line.startswith(b"data: "))
    return json.loads(line.removeprefix(b"data: "))


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("", "text/html"),
        ("app.js", "text/javascript"),
        ("app.css", "text/css"),
        ("uplot.min.js", "text/javascript"),
        ("uplot.min.css", "text/css"),
    ],
)
def test_it_serves_the_page(dashboard, path, kind):
    status, headers, body = ask(dashboard, path)
    assert status == 200
    assert headers["Content-Type"].startswith(kind)
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert (headers["Cache-Control"], headers["X-Content-Type-Options"]) == ("no-store", "nosniff")
    assert "Access-Control-Allow-Origin" not in headers
    assert len(body) > 500


@pytest.mark.parametrize("path", ["/", "/wrong/", "/wrong/events", "/wrong/app.js", "/../app.js", "/favicon.ico"])
def test_whoever_does_not_know_the_word_finds_nothing(dashboard, path):
    assert ask(dashboard, path)[0] == 404
    assert ask(dashboard, path, "POST", "x")[0] == 404


@pytest.mark.parametrize("path", ["nothing", "../server.py", "static/app.js", "..%2fserver.py", "index.html"])
def test_there_are_no_other_files(dashboard, path):
    assert ask(dashboard, path)[0] == 404


def test_a_name_that_somebody_has_pointed_here_is_refused(dashboard):
    port = urlsplit(dashboard.url).port
    assert ask(dashboard, "", Host="evil.example")[0] == 404
    assert ask(dashboard, "", Host=f"evil.example:{port}")[0] == 404
    assert ask(dashboard, "", Host=f"localhost:{port}")[0] == 200


def test_a_button_of_another_site_is_refused(dashboard):
    port = urlsplit(dashboard.url).port
    assert ask(dashboard, "stop", "POST", "", Origin="http://evil.example")[0] == 404
    assert ask(dashboard, "stop", "POST", "", Origin="null")[0] == 404
    assert ask(dashboard, "stop", "POST", "", Origin=f"http://127.0.0.1:{port}")[0] == 409


def test_what_buttons_send_is_checked(dashboard):
    run = threadwork.map(str, [1])
    assert json.loads(ask(dashboard, "pause", "POST", "")[2]) == {"problem": "there is no run to steer"}
    dashboard.steer(run)
    assert ask(dashboard, "pause", "POST", "")[0] == 200
    assert run.paused
    assert ask(dashboard, "resume", "POST", "")[0] == 200
    assert not run.paused
    assert ask(dashboard, "launch", "POST", "")[2] == b'{"problem": "there is no such button"}'
    for bad in ("0", "-1", "many", "99999", ""):
        status, _, body = ask(dashboard, "workers", "POST", bad)
        assert status == 409
        assert b"workers must be a whole number" in body
    assert ask(dashboard, "workers", "POST", "x" * 200)[0] == 400
    run.close()


def test_an_event_tells_all_there_is_to_see(dashboard):
    release = threading.Event()

    def work(item):
        if item == 1:
            raise ValueError("bad")
        assert release.wait(10)

    run = threadwork.map(work, range(3), workers=3, batch=1, name="seen", listeners=[dashboard])
    dashboard.steer(run)
    consumer = threading.Thread(target=lambda: list(run.outcomes()))
    consumer.start()
    try:
        wait_until(lambda: dashboard.snapshot()["counts"]["failed"] == 1 and dashboard.snapshot()["running"] == 2)
        told = first_event(dashboard)
    finally:
        release.set()
        consumer.join()
    assert (told["name"], told["status"], told["running"], told["total"], told["workers"]) == ("seen", "running", 2, 3, 3)
    assert (told["counts"]["failed"], told["closed"], told["paused"], told["steerable"]) == (1, False, False, True)
    assert {lane["name"]: lane["item"] for lane in told["lanes"] if lane["item"]} == {"seen-1": "0", "seen-3": "2"}
    assert told["failures"][0]["kind"] == "ValueError"


def test_charts_get_what_was_done_since_the_last_time(dashboard):
    threadwork.for_each(str, range(50), listeners=[dashboard])
    dashboard.sample()
    samples = dashboard.snapshot()["samples"]
    assert samples
    assert sum(sample["done"] for sample in samples) > 0


def test_whoever_watches_does_not_keep_it_open():
    with Dashboard() as dashboard:
        url = urlsplit(dashboard.url)
        watching = socket.create_connection((url.hostname, url.port), timeout=5)
        watching.sendall(f"GET {url.path}events HTTP/1.1\r\nHost: {url.netloc}\r\n\r\n".encode())
        assert watching.recv(100)
        silent = socket.create_connection((url.hostname, url.port), timeout=5)
        silent.close()
    rest = b""
    while piece := watching.recv(65536):
        rest += piece
    watching.close()
    assert b'"closed": true' in rest


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.1", "::", "example.org", ""])
def test_other_machines_are_never_let_in(host):
    with pytest.raises(InvalidOption, match="for this machine alone: give a loopback address"):
        Dashboard(host)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.2"])
def test_other_names_of_this_machine(host):
    with Dashboard(host) as dashboard:
        assert ask(dashboard, "")[0] == 200


def test_a_port_in_use_is_told():
    with Dashboard() as dashboard, pytest.raises(OSError, match="in use"), Dashboard(port=urlsplit(dashboard.url).port):
        pass


def test_one_that_was_never_entered_has_opened_nothing():
    assert Dashboard().url == ""
