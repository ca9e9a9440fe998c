"""Run CPython's own tests of thread pools with another class in the place of ``ThreadPoolExecutor``.

    python tests/conformance/run.py [--executor MODULE:CLASS] [--tests DIR] [-k WORD] [--every]

The tests come from the ``test`` package of the running Python; nothing of them is copied. The class takes the place of
the original in ``concurrent.futures``, in the tests, and in the scripts that the tests run in child processes. A thread
that a test leaves behind is a failure. Exit status: 0 all passed, 1 some failed or there was nothing to run.
"""

import argparse
import concurrent.futures
import concurrent.futures.thread
import faulthandler
import functools
import importlib
import importlib.util
import inspect
import os
import pkgutil
import sys
import unittest
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

HERE = Path(__file__).resolve().parent
SOURCES = HERE.parents[1] / "src"
SUITE = "test.test_concurrent_futures"
HANG_LIMIT = 120.0
"""Seconds a test or a child process may take; the longest takes six."""

# Private attributes of ThreadPoolExecutor, and the tests that read them.
READS_PRIVATE: dict[str, tuple[str, ...]] = {
    "_threads": (
        "ThreadPoolExecutorTest.test_saturation",
        "ThreadPoolExecutorTest.test_idle_thread_reuse",
        "ThreadPoolShutdownTest.test_threads_terminate",
        "ThreadPoolShutdownTest.test_context_manager_shutdown",
        "ThreadPoolShutdownTest.test_del_shutdown",
        "ThreadPoolShutdownTest.test_shutdown_no_wait",
        "ThreadPoolShutdownTest.test_thread_names_assigned",
        "ThreadPoolShutdownTest.test_thread_names_default",
    ),
}


def main() -> int:
    """Run the suite as the command line says and return the exit status."""
    options = parse_arguments()
    sys.path[:0] = [str(SOURCES), str(HERE)]
    try:
        executor = put_in_place(options.executor, options.tests)
    except ModuleNotFoundError as error:
        return report_absence(error)
    redirect_children(options.executor, options.tests)
    importlib.import_module("test.support").verbose = 0  # the tests print how long they took
    cases = list(thread_pool_cases(options.only, executor, every=options.every))
    version = sys.version.partition("\n")[0].partition("[")[0].strip()
    print(f"{len(cases)} cases of {SUITE} with {options.executor}, Python {version}", flush=True)
    runner = unittest.TextTestRunner(verbosity=2 if options.verbose else 1, resultclass=Verdict, stream=sys.stdout)
    verdict = runner.run(unittest.TestSuite(cases))
    for test, reason in verdict.skipped:
        print(f"skipped: {test.id().removeprefix(SUITE)}: {reason}")
    failed = verdict.failed()
    passed = verdict.testsRun - failed - len(verdict.skipped)
    print(f"{passed} passed, {failed} failed, {len(verdict.skipped)} skipped")
    return 0 if passed and not failed else 1


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    assert __doc__
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--executor", default="threadwork:Executor", metavar="MODULE:CLASS")
    parser.add_argument("--tests", type=Path, metavar="DIR", help="where test_concurrent_futures is, if not in this Python")
    parser.add_argument("-k", dest="only", default="", metavar="WORD", help="only cases with this word in their name")
    parser.add_argument("--every", action="store_true", help="also those that read private attributes")
    parser.add_argument("-v", dest="verbose", action="store_true", help="name each test")
    return parser.parse_args()


def report_absence(error: ModuleNotFoundError) -> int:
    """Say loudly that there are no tests to run; that is a failure where it must not be overlooked."""
    if error.name not in {"test", "test.support", SUITE}:
        raise error
    print(f"NOT RUN: {sys.executable} comes without {error.name}: take a full CPython build, or name a folder with --tests", file=sys.stderr)
    return 1 if os.environ.get("CI") else 0


def put_in_place(name: str, tests: Path | None) -> type[concurrent.futures.Executor]:
    """Put the class called ``module:class`` where ``ThreadPoolExecutor`` is, and return it.

    Must come before the tests are imported. Raises ``ModuleNotFoundError`` where there are none.
    """
    if tests:
        importlib.import_module("test").__path__.append(str(tests))
    if importlib.util.find_spec(SUITE) is None:
        raise ModuleNotFoundError(name=SUITE)
    module, _, attribute = name.partition(":")
    executor: type[concurrent.futures.Executor] = getattr(importlib.import_module(module), attribute)
    executor.__name__ = "ThreadPoolExecutor"  # the tests write this name into scripts
    for place in (concurrent.futures, concurrent.futures.thread):
        vars(place)["ThreadPoolExecutor"] = executor
    return executor


def redirect_children(name: str, tests: Path | None) -> None:
    """Have the scripts that tests run in child processes put the class in place first."""
    helper = importlib.import_module("test.support.script_helper")
    original = helper.assert_python_ok
    prelude = (
        f"import faulthandler, pathlib, sys; sys.path[:0] = {[str(SOURCES), str(HERE)]}; import run; "
        f"faulthandler.dump_traceback_later({HANG_LIMIT}, exit=True); "
        f"run.put_in_place({name!r}, {tests and str(tests.resolve())!r})\n"
    )

    @functools.wraps(original)
    def assert_python_ok(*arguments: str, **environment: str) -> Any:
        option, script, *rest = arguments
        assert option == "-c", f"a test runs its child in a way not known here: {arguments}"
        return original(option, prelude + script, *rest, **environment)

    helper.assert_python_ok = assert_python_ok


def thread_pool_cases(word: str, executor: type, *, every: bool) -> Iterator[unittest.TestCase]:
    """Find the tests that use `executor`, mark those to skip, and import the modules they are in."""
    for module in suite_modules():
        for case in list(vars(module).values()):
            if not (isinstance(case, type) and issubclass(case, unittest.TestCase)):
                continue
            if getattr(case, "executor_type", None) is not executor:
                continue
            for method in unittest.defaultTestLoader.getTestCaseNames(case):
                full_name = f"{case.__name__}.{method}"
                if word not in full_name:
                    continue
                if not every and (attribute := private_attribute(full_name, getattr(case, method))):
                    setattr(case, method, unittest.skip(f"reads the private attribute {attribute}")(getattr(case, method)))
                yield case(method)


def suite_modules() -> Iterator[ModuleType]:
    """Import the suite: a package since Python 3.12, one module before."""
    suite = importlib.import_module(SUITE)
    yield suite
    for found in pkgutil.iter_modules(getattr(suite, "__path__", ())):
        if found.name.startswith("test_"):
            yield importlib.import_module(f"{SUITE}.{found.name}")


def private_attribute(full_name: str, method: Callable[..., object]) -> str | None:
    """Return the private attribute for which a test is listed above, after making sure that it does read it."""
    for attribute, listed in READS_PRIVATE.items():
        if full_name in listed:
            assert f"executor.{attribute}" in inspect.getsource(method), f"{full_name} reads {attribute} no more: run it"
            return attribute
    return None


class Verdict(unittest.TextTestResult):
    """Counts tests, not failures; a test that leaves a thread behind has failed, and so has one that hangs."""

    def startTest(self, test: unittest.TestCase) -> None:
        """Begin: dump all stacks and leave if the test hangs."""
        faulthandler.dump_traceback_later(HANG_LIMIT, exit=True)
        super().startTest(test)

    def stopTest(self, test: unittest.TestCase) -> None:
        """End: the test's clean-up says so in this flag if threads are left."""
        support = importlib.import_module("test.support")
        if support.environment_altered:
            support.environment_altered = False
            self.failures.append((test, "left threads behind; their names are above"))
        super().stopTest(test)
        faulthandler.cancel_dump_traceback_later()

    def failed(self) -> int:
        """Return how many tests failed, each counted once."""
        broken = [test for test, _ in self.failures + self.errors] + self.unexpectedSuccesses
        return len({test.id().partition(" ")[0] for test in broken})


if __name__ == "__main__":
    sys.exit(main())
