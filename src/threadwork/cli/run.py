"""``threadwork run``: a Python function for each item."""

import contextlib
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Literal

import click

from ..engine import Halt, Options
from ..errors import ThreadworkError
from ..journal import Journal
from ..sinks import json_text, open_output, paths_of_output
from .call import Call
from .input import Input, InputChoice, open_input
from .journal_options import journal_options, paths_of_journal
from .options import engine_options, output_options
from .own_files import check_own_files
from .policies import PolicyFlags, policy_options
from .refusal import Refusal
from .report import Report
from .session import Session
from .sight_options import SightFlags, sight_options
from .target import converter_of, load_function

_OPTIONAL_FILE: dict[str, Any] = {"is_flag": False, "flag_value": "-", "metavar": "[FILE]"}


@dataclass(frozen=True, slots=True)
class RunFlags:
    """The command line of ``threadwork run``."""

    target: str
    arguments: tuple[str, ...]
    lines: str | None
    jsonl: str | None
    csv: str | None
    files: str | None
    null: bool
    output: str
    record_format: str | None
    errors: str | None
    progress: str
    dry_run: bool
    quiet: bool
    verbose: bool
    as_json: bool
    workers: int | Literal["auto"] | None
    halt: Halt
    timeout: float | None
    grace: float
    name: str | None
    ordered: bool
    batch: int | Literal["auto"]
    buffersize: int | None
    journal: str | None
    in_doubt: Literal["hold", "again"] | None
    policies: PolicyFlags
    sight: SightFlags

    def progress_style(self) -> str:
        """Return the style of the progress that was asked for, or the one that goes with the other flags."""
        if self.progress != "auto":
            return self.progress
        if self.quiet or self.as_json:
            return "off"
        # A bar and results on one terminal would write over each other.
        return "plain" if self.output == "-" and sys.stdout.isatty() else "auto"

    def given(self) -> dict[str, str]:
        """Return what the run was asked for, in words."""
        of_run = {field.name: getattr(self, field.name) for field in fields(self) if field.name not in ("policies", "sight")}
        given = {**of_run, **{field.name: getattr(self.policies, field.name) for field in fields(self.policies)}}
        told = {name: value for name, value in given.items() if value is not None and value is not False and value not in ((), 0)}
        told["arguments"] = f"{len(self.arguments):,} items" if self.arguments else None
        return {name.replace("_", "-"): str(value) for name, value in told.items() if value is not None}

    def engine_options(self, function: Callable[[Any], Any]) -> Options:
        """Return the options of the run; its threads are named after `function` where no name was given."""
        name = getattr(function, "__name__", "") or "task"
        options = Options(
            workers=self.workers,
            halt=self.halt,
            timeout=self.timeout,
            grace=self.grace,
            ordered=self.ordered,
            batch=self.batch,
            buffersize=self.buffersize,
            name=self.name or re.sub(r"\W", "", name) or "task",
        )
        options.update(self.policies.engine_options())
        return options


@click.command()
@click.argument("target", metavar="MODULE:FUNCTION")
@click.argument("arguments", nargs=-1, metavar="[INPUT]...")
@click.option("--lines", help="Each line of FILE is an item.", **_OPTIONAL_FILE)
@click.option("--jsonl", help="Each line of FILE is a JSON value, which is the item.", **_OPTIONAL_FILE)
@click.option("--csv", help="Each row of FILE is a dict.", **_OPTIONAL_FILE)
@click.option("-0", "--null", is_flag=True, help="Lines end in NUL, as from find -print0.")
@click.option("--files", metavar="DIR", help="Each regular file below DIR, as a path.")
@engine_options
@policy_options
@journal_options
@sight_options
@output_options
def run(**given: Any) -> int:
    """Call FUNCTION with each item, on named threads, and write what it returns: a JSON value a line, in input order.

    FUNCTION is in an installed module, a module of the current directory, or a file: path/to/file.py:function.

    Each INPUT is an item. Without one, each line of standard input is; FILE may be left out or - for standard input.
    A text becomes an int, float or Path where the parameter of FUNCTION is annotated so; otherwise it stays a str.

    Exit status: 0 all done, 1 some failed, 2 wrong usage, input or output, 124 --timeout over, 130 Ctrl-C, 143 SIGTERM.
    """
    policies = PolicyFlags(**{field.name: given.pop(field.name) for field in fields(PolicyFlags)})
    sight = SightFlags(**{field.name: given.pop(field.name) for field in fields(SightFlags)})
    flags = RunFlags(policies=policies, sight=sight, **given)
    try:
        return _run(flags)
    except ThreadworkError as error:
        raise Refusal(str(error)) from error


def _run(flags: RunFlags) -> int:
    with contextlib.redirect_stdout(sys.stderr):  # what the module prints is not a result
        function = load_function(flags.target)
    choice = InputChoice(flags.arguments, flags.lines, flags.jsonl, flags.csv, flags.files, flags.null)
    if flags.in_doubt and not flags.journal:
        raise click.UsageError("--in-doubt is about --journal FILE, which is not there")
    seen_in = {"--trace": flags.sight.trace, "--report": flags.sight.report}
    outputs = {"--output": flags.output, "--errors": flags.errors, **seen_in}
    check_own_files({**outputs, "--journal": flags.journal})
    check_own_files({"--lines": choice.lines, "--jsonl": choice.jsonl, "--csv": choice.csv, **seen_in})
    written = [paths_of_output(path) for path in outputs.values() if path and path != "-"]
    source = open_input(choice, frozenset().union(*written, paths_of_journal(flags.journal)))
    with source.stream or contextlib.nullcontext():
        if flags.dry_run:
            return _dry_run(source)
        return _session(flags, function, source)


def _session(flags: RunFlags, function: Callable[[Any], Any], source: Input) -> int:
    with contextlib.ExitStack() as outputs:
        results = outputs.enter_context(open_output(flags.output, flags.record_format))
        errors = None
        if flags.errors and not (flags.as_json and flags.errors == "-"):  # where the events say the same
            errors = outputs.enter_context(open_output(flags.errors, "jsonl", sys.stderr.fileno()))
        report = Report(
            style=flags.progress_style(),
            quiet=flags.quiet,
            verbose=flags.verbose,
            as_json=flags.as_json,
            total=len(flags.arguments) or None,
        )
        call = Call(function, converter_of(function) if source.text else None, results.encode)
        options = flags.engine_options(function)
        listeners, url = outputs.enter_context(flags.sight.metrics_endpoint())
        if url:
            report.serving("metrics", url)
        options["listeners"] = [*flags.sight.listeners(flags.given()), *listeners]
        live_page = flags.sight.live_page()
        if flags.journal:
            options["journal"] = Journal(flags.journal, codec=results.codec, in_doubt=flags.in_doubt)
        return Session(call, source, results, errors, report, options, flags.journal, live_page).run()


def _dry_run(source: Input) -> int:
    count = 0
    for item in source.items:
        click.echo(json_text(item))
        count += 1
    click.echo(f"{count:,} items; nothing was run", err=True)
    return 0
