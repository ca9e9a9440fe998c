"""A real browser: Chromium, without a window. Where there is none the tests are skipped, and never so in CI."""

import os
import shutil

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="module")
def browser():
    """Return a running Chromium. It is ended with the module: meanwhile nobody else can run an event loop."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        reason = "playwright is not installed"
    else:
        reason = "" if CHROMIUM else "there is no Chromium"
    if reason:
        if os.environ.get("CI"):
            pytest.fail(f"{reason}, and in CI there has to be")
        pytest.skip(reason)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser):
    """Open a URL in a window of a size, in light or dark; what the page complains of fails the test."""
    contexts, complaints = [], []

    def open_url(url, width=1280, scheme="light"):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(8_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.goto(url)
        return page

    yield open_url
    for context in contexts:
        context.close()
    assert complaints == []
