"""What `import threadwork` gives, and what it does not drag in."""

import json
import subprocess
import sys
import types

import pytest

import threadwork
from threadwork import engine, errors

HEAVY = ["asyncio", "concurrent.futures.process", "multiprocessing", "typing_extensions"]


def _loaded_by(statement: str) -> set[str]:
    """Return the modules that `statement` adds to a fresh interpreter's."""
    code = (
        f"import sys; before = set(sys.modules); {statement}; import json; print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    return set(json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout))


def test_all_is_sorted_and_has_each_name_once() -> None:
    assert list(threadwork.__all__) == sorted(set(threadwork.__all__))


def test_all_is_exactly_what_is_there() -> None:
    names = [name for name in dir(threadwork) if not name.startswith("_")]
    public = {name for name in names if not isinstance(getattr(threadwork, name), types.ModuleType)}
    assert set(threadwork.__all__) == public


def test_every_name_of_the_engine_and_the_errors_leaves_by_this_door() -> None:
    assert {*engine.__all__, *errors.__all__} <= set(threadwork.__all__)
    for source in (engine, errors):
        for name in source.__all__:
            assert getattr(threadwork, name) is getattr(source, name)


def test_a_star_import_takes_what_all_says() -> None:
    namespace: dict[str, object] = {}
    exec("from threadwork import *", namespace)
    assert set(threadwork.__all__) <= set(namespace)


@pytest.mark.parametrize("name", HEAVY)
def test_importing_it_stays_light(name: str) -> None:
    assert name not in _loaded_by("import threadwork.engine")


def test_the_engine_is_imported_with_its_first_name() -> None:
    assert "threadwork.engine" not in _loaded_by("import threadwork")
    assert "threadwork.engine" in _loaded_by("from threadwork import map")
    assert "threadwork.engine" in _loaded_by("import threadwork; threadwork.engine")


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'mapp'"):
        _ = threadwork.mapp


def test_importing_it_needs_the_standard_library_alone() -> None:
    tops = {name.partition(".")[0] for name in _loaded_by("import threadwork.engine")} - {"threadwork"}
    assert {top for top in tops if not top.startswith("_")} <= sys.stdlib_module_names
