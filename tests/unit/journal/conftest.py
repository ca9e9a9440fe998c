"""A journal in a folder of the test's own."""

import pytest

from threadwork import Journal


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "run.db")


@pytest.fixture
def journal(path):
    return Journal(path)
