import os

import pytest

from threadwork.sources import InputError, files_below


@pytest.fixture
def tree(tmp_path):
    for name in ("b/two", "b/one", "a.txt", "c/d/deep", "z"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def test_every_regular_file_by_name_within_its_directory(tree):
    assert list(files_below(str(tree))) == [str(tree / name) for name in ("a.txt", "b/one", "b/two", "c/d/deep", "z")]


def test_links_and_pipes_are_no_items_and_are_not_followed(tree):
    (tree / "b" / "link").symlink_to(tree / "z")
    (tree / "b" / "loop").symlink_to(tree)
    os.mkfifo(tree / "b" / "pipe")
    assert list(files_below(str(tree / "b"))) == [str(tree / "b" / "one"), str(tree / "b" / "two")]


def test_what_the_run_writes_is_left_out(tree):
    assert str(tree / "z") not in list(files_below(str(tree), {str(tree / "z")}))
    assert str(tree / "b/one") in list(files_below(str(tree), {str(tree / "one")}))


def test_a_directory_that_is_not_there_is_an_error_at_once(tmp_path):
    with pytest.raises(InputError, match=r"cannot read .*nowhere: No such file or directory"):
        files_below(str(tmp_path / "nowhere"))


def test_a_directory_that_vanishes_is_an_error_where_it_happens(tree):
    files = files_below(str(tree))
    assert next(files) == str(tree / "a.txt")
    for name in ("two", "one"):
        (tree / "b" / name).unlink()
    (tree / "b").rmdir()
    with pytest.raises(InputError, match=r"cannot read .*/b: No such file"):
        next(files)
