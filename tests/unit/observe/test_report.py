"""`Report`: a page that needs nothing else, whatever is in it."""

import re
from html.parser import HTMLParser

import pytest

import threadwork
from threadwork import Report, Retry, Statistics, current
from threadwork.observe import figures_of_past
from threadwork.observe.page import page

EVIL = "<script>alert('x')</script>\"&"
VOID = {"meta", "br", "rect", "link"}


class Tree(HTMLParser):
    """Checks that every element is closed where it should be, and collects texts and attributes."""

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.texts, self.attributes = [], set(), [], []

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.add(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def read(text):
    tree = Tree()
    tree.feed(text)
    tree.close()
    assert tree.open == []
    return tree


def work(item):
    if item == EVIL:
        raise ValueError(EVIL)
    if item == 3 and current().attempt == 1:
        raise ConnectionError("host 3")
    return item


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.html"


def run(path, items, **options):
    options = {"workers": 3, "name": "demo<b>", "retry": Retry(2, on=ConnectionError, backoff=0), **options}
    listeners = [Report(path, {"command": EVIL})]
    return threadwork.for_each(work, items, listeners=listeners, check=False, **options)


def test_a_page_about_a_run(path):
    run(path, [*range(50), EVIL])
    tree = read(path.read_text("utf-8"))
    text = " ".join(tree.texts)
    for expected in (
        "demo<b>",
        "completed",
        "50",
        "Throughput",
        "Duration of an attempt",
        "Failures",
        "Retries",
        "Slowest items",
    ):
        assert expected in text
    assert EVIL in text
    assert "script" not in tree.seen
    assert "Traceback (most recent call last)" in text
    assert "demo<b>-1" in text


def test_it_needs_no_network(path):
    run(path, range(5))
    text = path.read_text("utf-8")
    tree = read(text)
    assert not tree.seen & {"script", "img", "link", "iframe", "object"}
    assert not [name for name, _ in tree.attributes if name in ("src", "href") or name.startswith("on")]
    assert "default-src 'none'" in text
    assert not re.search(r"url\(|@import|https?://", text)


@pytest.mark.parametrize("items", [[], [EVIL]])
def test_a_run_with_nothing_done(path, items):
    run(path, items)
    assert "completed" in " ".join(read(path.read_text("utf-8")).texts)


def test_it_is_written_for_a_run_that_fails_too_and_replaces_what_was_there(path):
    path.write_text("old")
    with pytest.raises(ValueError, match="alert"):
        threadwork.map(work, [1, EVIL], listeners=[Report(path)]).collect()
    assert "failed" in " ".join(read(path.read_text("utf-8")).texts)
    assert [each.name for each in path.parent.iterdir()] == ["run.html"]


def test_a_folder_that_is_not_there_is_told_at_once(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        Report(tmp_path / "no" / "run.html")


def test_a_page_that_cannot_be_written_later_harms_no_run(tmp_path, caplog):
    folder = tmp_path / "gone"
    folder.mkdir()
    report = Report(folder / "run.html")
    folder.rmdir()
    assert threadwork.map(work, range(3), listeners=[report]).collect() == [0, 1, 2]
    assert "listener" in caplog.text


def test_figures_of_a_journal_leave_out_the_time_between_its_runs():
    def records():
        record = {"status": "done", "duration": 2.0, "waited": 0.5, "attempts": 1, "worker": "w-1", "item": "x", "error": None}
        failed = {**record, "status": "failed", "error": "ValueError", "message": "bad 3", "traceback": "..."}
        yield {**record, "began": 1000.0, "position": 0}
        yield {**record, "began": 1002.0, "position": 1, "worker": "w-2"}
        yield {**failed, "began": 90_000.0, "position": 2}
        yield {**record, "status": "started", "began": 90_001.0, "position": 3}

    figures = figures_of_past(records, [1000.0, 89_999.0], {"task": "m.f"})
    assert (figures.done, figures.failed, figures.run.elapsed, figures.run.workers) == (2, 1, 7.0, 2)
    assert (figures.run.name, figures.run.settings["runs"]) == ("m.f", "2")
    assert figures.failures[0].shape == "bad N"
    assert figures.slowest[0].at in (2.0, 4.0, 7.0)
    read(page(figures))


def test_an_empty_journal():
    figures = figures_of_past(list, [], {})
    assert "pending" in " ".join(read(page(figures)).texts)
    assert Statistics().figures().done == 0
