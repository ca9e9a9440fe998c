import sys
from pathlib import Path

import pytest

from threadwork.cli.target import converter_of, load_function
from threadwork.errors import InvalidOption


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Make an empty current directory whose modules are forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path[:])
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_a_function_of_an_installed_module():
    import json

    assert load_function("json:loads") is json.loads


def test_dots_lead_into_classes_and_packages(here):
    assert load_function("os.path:basename")("a/b") == "b"
    (here / "shapes.py").write_text("class Box:\n    @staticmethod\n    def area(x):\n        return x * x\n")
    assert load_function("shapes:Box.area")(3) == 9


def test_a_module_of_the_current_directory(here):
    (here / "near_by.py").write_text("def f(x):\n    return x\n")
    assert load_function("near_by:f")(1) == 1


def test_a_file_finds_its_neighbours_like_a_script(here):
    (here / "tasks").mkdir()
    (here / "tasks" / "neighbour.py").write_text("FACTOR = 3\n")
    (here / "tasks" / "my-task.py").write_text("from neighbour import FACTOR\ndef f(x):\n    return FACTOR * x\n")
    assert load_function("tasks/my-task.py:f")(2) == 6


def test_a_file_named_like_a_loaded_module_leaves_that_in_place(here):
    import json

    (here / "json.py").write_text("def loads(x):\n    return 'mine'\n")
    assert load_function("json.py:loads")("1") == "mine"
    assert sys.modules["json"] is json


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("json", "'json' is not MODULE:FUNCTION or FILE.py:FUNCTION, like hashes.py:digest"),
        (":f", "':f' is not MODULE:FUNCTION"),
        ("jsn:loads", "there is no module 'jsn' here or installed; did you mean json"),
        ("json.decodr:x", "there is no module 'json.decodr' here or installed; did you mean decoder"),
        ("json:lods", "json has no 'lods'; did you mean loads"),
        ("json:__name__", "json:__name__ is not a function but str 'json'"),
        ("hashs.py:f", "there is no file 'hashs.py'; did you mean hashes.py"),
        (
            "hashes.py:two",
            r"hashes.py:two must take one argument, the item, but it takes \(a, b\): missing a required argument: 'b'",
        ),
        ("hashes.py:none", r"hashes.py:none must take one argument, the item, but it takes \(\): too many positional"),
        ("hashes.py:later", r"hashes.py:later is async and tasks run on threads: wrap it, like asyncio.run\(later\(item\)\)"),
        ("hashes.py:many", "hashes.py:many is a generator: return a list instead"),
    ],
)
def test_each_mistake_has_its_message(here, target, message):
    (here / "hashes.py").write_text("def two(a, b): ...\ndef none(): ...\nasync def later(x): ...\ndef many(x):\n    yield x\n")
    with pytest.raises(InvalidOption, match=message):
        load_function(target)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import not_installed_at_all", "No module named 'not_installed_at_all'"),
        ("1 / 0", r"broken.py\", line 1.*ZeroDivisionError"),
        ("def f(:", "SyntaxError"),
        ("import sys\nsys.exit(3)", "importing broken(.py)? exits: put what it runs under if __name__"),
    ],
)
@pytest.mark.parametrize("target", ["broken:f", "broken.py:f"])
def test_a_module_that_fails_to_import_shows_where(here, target, code, message):
    (here / "broken.py").write_text(code)
    with pytest.raises(InvalidOption, match=f"(?s){message}") as caught:
        load_function(target)
    assert "importlib" not in str(caught.value)


def test_an_annotation_says_what_becomes_of_a_text():
    def number(x: int): ...
    def path(x: "Path", *, more=1): ...
    def any_number(*xs: float): ...
    def maybe(x: int | None): ...
    def either(x: int | Path): ...
    def plain(x): ...
    def text(x: str): ...
    def unknown(x: "Nowhere"): ...  # noqa: F821 - that is the subject

    assert [converter_of(each) for each in (number, path, any_number, maybe, either, plain, text, unknown, len)] == [
        int, Path, float, int, None, None, None, None, None,
    ]  # fmt: skip
