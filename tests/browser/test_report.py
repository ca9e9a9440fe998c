"""The page about a run in a real browser."""

import pytest

import threadwork
from tests.browser.test_dashboard import keep
from threadwork import Report


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_it_fits_every_screen_and_asks_for_nothing(tmp_path, open_page, width, scheme):
    def work(item):
        if item % 7 == 3:
            raise ValueError(f"cannot take <i>{item}</i>")
        return item

    path = tmp_path / "run.html"
    threadwork.for_each(work, range(300), workers=4, name="shown", check=False, listeners=[Report(path, {"workers": "4"})])
    page = open_page(path.as_uri(), width, scheme)
    page.get_by_text("Throughput").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("performance.getEntriesByType('resource').length") == 0
    page.locator("summary").first.click()
    assert page.get_by_text("Traceback (most recent call last)").is_visible()
    keep(page, f"report-{width}-{scheme}")
