"""The dashboard in a real browser: it moves, its buttons work, and it fits every screen."""

import os
import threading
from pathlib import Path

import pytest

import threadwork
from tests.support.aside import Aside, wait_until
from threadwork import Dashboard, Retry, current

SCREENSHOTS = os.environ.get("SCREENSHOTS")
"""A folder to leave them in, for people to look at."""


class Work:
    """A task that can be held, and that fails for some items."""

    def __init__(self):
        self.go = threading.Semaphore(0)

    def __call__(self, item):
        current().on_cancel(self.go.release)
        assert self.go.acquire(timeout=15)
        current().checkpoint()
        if item % 5 == 3:
            raise ValueError(f"bad <b>{item}</b>")
        return item


@pytest.fixture
def live():
    """Return the dashboard, the run on it, and its work; the run goes on in a thread."""
    work = Work()
    with Dashboard() as dashboard:
        run = threadwork.map(work, range(40), workers=3, batch=1, name="crawl", listeners=[dashboard], retry=Retry(1), grace=5)
        dashboard.steer(run)
        consumer = Aside(lambda: list(run.outcomes()))
        wait_until(lambda: run.stats().running == 3)
        yield dashboard, run, work
        run.cancel()
        consumer.result()


def keep(page, name):
    if SCREENSHOTS:
        Path(SCREENSHOTS, f"{name}.png").write_bytes(page.screenshot(full_page=True))


def test_it_shows_what_happens_as_it_happens(live, open_page):
    dashboard, run, work = live
    page = open_page(dashboard.url)
    page.get_by_text("running", exact=True).first.wait_for()
    page.get_by_text("crawl-3", exact=True).wait_for()
    assert page.locator(".lane .item").all_inner_texts() == ["0", "1", "2"]
    work.go.release(4)
    page.get_by_text("done of 40").wait_for()
    page.locator(".tile.good b", has_text="3").wait_for()
    page.locator(".failure", has_text="ValueError bad <b>N</b>").wait_for()
    page.locator("summary").click()
    page.get_by_text("Traceback (most recent call last)").wait_for()
    page.wait_for_timeout(1_200)  # two more events: what was opened stays open
    assert page.get_by_text("Traceback (most recent call last)").is_visible()
    keep(page, "dashboard-running")


def test_pause_resume_workers_and_stop(live, open_page):
    dashboard, run, work = live
    page = open_page(dashboard.url)
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Resume").wait_for()
    assert run.paused
    work.go.release(3)
    wait_until(lambda: run.stats().running == 0)
    page.get_by_text("0 of 3 at work").wait_for()
    page.get_by_role("button", name="one worker more").click()
    page.locator("#workers", has_text="4").wait_for()
    page.get_by_role("button", name="Resume").click()
    wait_until(lambda: run.stats().running == 4)
    page.get_by_role("button", name="one worker fewer").click()
    page.locator("#workers", has_text="3").wait_for()
    page.get_by_role("button", name="Stop").click()
    page.locator(".pill", has_text="cancelled").wait_for()
    assert page.get_by_role("button", name="Stop").is_disabled()
    assert str(run.stats().status) == "cancelled"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_it_fits_every_screen(live, open_page, width, scheme):
    dashboard, _, work = live
    page = open_page(dashboard.url, width, scheme)
    work.go.release(9)
    page.locator(".failure").first.wait_for()
    page.wait_for_timeout(1_200)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("canvas").count() == 2
    keep(page, f"dashboard-{width}-{scheme}")


def test_a_page_whose_run_is_over_says_so(open_page):
    with Dashboard() as dashboard:
        page = open_page(dashboard.url)
        page.locator(".pill", has_text="pending").wait_for()
        threadwork.for_each(str, range(10), listeners=[dashboard])
        page.locator(".pill", has_text="completed").wait_for()
    page.get_by_text("done of 10").wait_for()
    assert page.locator(".pill").inner_text() == "completed"
