"""The options that every command shares, and the values they take."""

import tomllib
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, TypeVar

import click

from ..engine import Halt
from ..errors import InvalidOption

F = TypeVar("F", bound=Callable[..., Any])


def halt_rule(value: object) -> Halt:
    """Return the rule that ``never``, a count of failures (``1``) or a share of the finished items (``5%``) stands for."""
    text = str(value)
    try:
        return Halt.never() if text == "never" else Halt(int(text) if text.isdecimal() else text)
    except InvalidOption:
        raise click.BadParameter(f"{text!r} is not a count like 1, a share like 5%, or never") from None


def count_or_auto(value: object) -> int | Literal["auto"]:
    """Return ``auto`` or the count."""
    text = str(value)
    if text == "auto":
        return "auto"
    if text.isdecimal() and int(text) > 0:
        return int(text)
    raise click.BadParameter(f"{text!r} is not auto or a whole number of at least 1")


def engine_options(command: F) -> F:
    """Add the options that say how the items are run."""
    seconds = click.FloatRange(min=0)
    for option in (
        click.option("--buffersize", type=click.IntRange(min=1), metavar="N", help="Most items read and not yet written."),
        click.option("--batch", type=count_or_auto, default="auto", metavar="N|auto", help="Items a thread takes at once."),
        click.option("--ordered/--unordered", default=True, help="Results in input order (default), or as completed."),
        click.option("--name", metavar="NAME", help="Names the threads NAME-1, NAME-2, ... [default: the function's]"),
        click.option(
            "--grace", type=seconds, default=5.0, metavar="S", help="Seconds to stop in, after Ctrl-C, --halt or a time-out. [5]"
        ),
        click.option(
            "--timeout", type=click.FloatRange(min=0, min_open=True), metavar="S", help="Seconds the whole run may take."
        ),
        click.option(
            "--halt", type=halt_rule, default="never", metavar="1|5%|never", help="Stop after that many failures. [never]"
        ),
        click.option(
            "-j", "--workers", type=count_or_auto, metavar="N|auto", help="Threads; auto: as many as pay. [CPUs + 4, at most 32]"
        ),
    ):
        command = option(command)
    return command


def output_options(command: F) -> F:
    """Add the options that say where results, errors and messages go."""
    for option in (
        click.option(
            "--config",
            type=click.Path(),
            is_eager=True,
            expose_value=False,
            callback=read_config,
            metavar="FILE",
            help="TOML file with options, in a table named like the command: [run].",
        ),
        click.option("--json", "as_json", is_flag=True, help="Summary and failures on standard error as JSON, one a line."),
        click.option("-v", "--verbose", is_flag=True, help="Show the traceback of each failure."),
        click.option("-q", "--quiet", is_flag=True, help="No progress and no summary; failures are still shown."),
        click.option("--dry-run", is_flag=True, help="Print the items as JSON and run nothing."),
        click.option(
            "--progress",
            type=click.Choice(["auto", "bar", "plain", "json", "off"]),
            default="auto",
            help="On standard error. auto: a bar on a terminal, else a line every 10 s.",
        ),
        click.option("--errors", metavar="FILE", help="Failed items as JSON Lines; - is standard error."),
        click.option(
            "--format",
            "record_format",
            type=click.Choice(["jsonl", "csv"]),
            help="Of the results. [by the suffix of FILE, else jsonl]",
        ),
        click.option(
            "-o", "--output", default="-", metavar="FILE", help="Results: FILE.jsonl or FILE.csv; - is standard output."
        ),
    ):
        command = option(command)
    return command


def read_config(context: click.Context, _: click.Parameter, path: str | None) -> None:
    """Take the options in the TOML file `path` as defaults of the command."""
    if path is None:
        return
    try:
        tables = tomllib.loads(Path(path).read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise click.UsageError(f"cannot read the configuration {path}: {error}") from error
    name = str(context.info_name)
    if name not in tables:
        raise click.UsageError(f"{path} has no table [{name}], in which the options of this command belong")
    given = tables[name]
    names = {str(parameter.name) for parameter in context.command.params if isinstance(parameter, click.Option)}
    names |= {option.removeprefix("--").replace("-", "_"): None for p in context.command.params for option in p.opts}.keys()
    for key in given:
        if key.replace("-", "_") not in names:
            near = get_close_matches(key, names, 1)
            raise click.UsageError(f"{path}: unknown option {key!r}{f'; did you mean {near[0]!r}?' if near else ''}")
    context.default_map = {key.replace("-", "_"): value for key, value in given.items()}
