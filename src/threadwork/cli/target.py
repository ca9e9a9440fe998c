"""From ``MODULE:FUNCTION`` to a function that can be called with one item, or a clear word about what is wrong."""

import importlib
import importlib.util
import inspect
import os
import pkgutil
import sys
import traceback
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType, NoneType
from typing import Any, get_args

from ..errors import InvalidOption

_FROM_TEXT = (int, float, Path)


def load_function(target: str) -> Callable[[Any], Any]:
    """Return the function that `target` names: ``package.module:name`` or ``path/to/file.py:name``, dots allowed in the name.

    Modules are looked for in the current directory first, like ``python -m`` does; the directory of a file is importable
    for it, as for a script. Raises `InvalidOption` where it does not exist or cannot be called with one item.
    """
    function: Callable[[Any], Any] = load_object(target, "MODULE:FUNCTION or FILE.py:FUNCTION, like hashes.py:digest")
    _check_call(function, target)
    return function


def load_object(target: str, form: str) -> Any:
    """Return what `target` names. Raises `InvalidOption` where it does not exist, or has not the `form` it should have."""
    place, _, name = target.rpartition(":")
    if not place or not name:
        raise InvalidOption(f"{target!r} is not {form}")
    is_file = place.endswith(".py") or os.sep in place
    return _attribute(_load_file(Path(place)) if is_file else _load_module(place), place, name)


def converter_of(function: Callable[[Any], Any]) -> Callable[[str], Any] | None:
    """Return what makes of a text the type that the parameter of `function` is annotated with: int, float or Path."""
    try:
        parameters = list(inspect.signature(function, eval_str=True).parameters.values())
    except Exception:  # noqa: BLE001 - annotations are any code; without their meaning the item stays text
        return None
    annotation = parameters[0].annotation if parameters else None
    kinds = {kind for kind in get_args(annotation) or (annotation,) if kind is not NoneType}  # int | None: an int
    return next((kind for kind in _FROM_TEXT if kinds == {kind}), None)


def _load_module(name: str) -> ModuleType:
    sys.path.insert(0, str(Path.cwd()))
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if name != missing and not name.startswith(f"{missing}."):
            raise _import_failed(name, error) from error
        parent, _, last = missing.rpartition(".")
        paths = getattr(sys.modules.get(parent), "__path__", ()) if parent else None
        siblings = {module.name for module in pkgutil.iter_modules(paths)} | (set() if parent else sys.stdlib_module_names)
        hint = _did_you_mean(last, siblings)
        raise InvalidOption(f"there is no module {missing!r} here or installed{hint}") from error
    except (Exception, SystemExit) as error:
        raise _import_failed(name, error) from error


def _load_file(path: Path) -> ModuleType:
    loaded = [each for each in sys.modules.values() if getattr(each, "__file__", None) == str(path.resolve())]
    if loaded:  # an exception of the file of the function is to be the one that the function raises
        return loaded[0]
    if not path.is_file():
        siblings = [each.name for each in path.parent.glob("*.py")] if path.parent.is_dir() else []
        raise InvalidOption(f"there is no file {str(path)!r}{_did_you_mean(path.name, siblings)}")
    sys.path.insert(0, str(path.parent.resolve()))
    name = path.stem if path.stem not in sys.modules else f"{path.stem} at {path}"  # like json.py: leave the other in place
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    if spec is None or spec.loader is None:
        raise InvalidOption(f"{str(path)!r} is not a Python file: its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise _import_failed(str(path), error) from error
    return module


def _attribute(module: ModuleType, place: str, name: str) -> Any:
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            callables = [each for each in dir(found) if callable(getattr(found, each, None))]
            raise InvalidOption(f"{place} has no {name!r}{_did_you_mean(part, callables)}")
        found = getattr(found, part)
    return found


def _check_call(function: Any, target: str) -> None:
    if not callable(function):
        raise InvalidOption(f"{target} is not a function but {type(function).__name__} {function!r:.60}")
    if inspect.iscoroutinefunction(function):
        raise InvalidOption(f"{target} is async and tasks run on threads: wrap it, like asyncio.run({function.__name__}(item))")
    if inspect.isgeneratorfunction(function):
        raise InvalidOption(f"{target} is a generator: return a list instead of yielding")
    try:
        signature = inspect.signature(function)
    except (ValueError, TypeError):  # some built-in functions do not tell
        return
    try:
        signature.bind(object())
    except TypeError as error:
        raise InvalidOption(f"{target} must take one argument, the item, but it takes {signature}: {error}") from error


def _did_you_mean(name: str, names: Iterable[str]) -> str:
    near = get_close_matches(name, names, 3)
    return f"; did you mean {' or '.join(near)}?" if near else ""


def _import_failed(name: str, error: BaseException) -> InvalidOption:
    if isinstance(error, SystemExit):
        return InvalidOption(f"importing {name} exits: put what it runs under if __name__ == '__main__':")
    shown = traceback.TracebackException.from_exception(error)
    shown.stack = traceback.StackSummary.from_list(
        [frame for frame in shown.stack if frame.filename != __file__ and "importlib" not in frame.filename]
    )
    return InvalidOption(f"importing {name} failed:\n{''.join(shown.format(chain=False)).rstrip()}")
