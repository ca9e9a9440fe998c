"""The options that make rules of a run: what is tried again, how much may begin, how long an attempt may take."""

import builtins
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from ..engine import Options
from ..errors import InvalidOption
from ..policies import Limit, Retry
from .target import load_object

F = TypeVar("F", bound=Callable[..., Any])

_RATE = re.compile(r"(\d+(?:\.\d+)?)(?:/(s|m|h|d))?")
_EXCEPTION_FORM = "an exception, like TimeoutError, requests:ConnectionError or FILE.py:MyError"
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True)
class PolicyFlags:
    """The rules that were asked for on the command line."""

    retries: int
    backoff: float | None
    retry_on: tuple[type[Exception], ...]
    rate: tuple[float, float] | None
    per_key: int | None
    key_field: str | None
    task_timeout: float | None

    def engine_options(self) -> Options:
        """Return the options of the run that they stand for."""
        key = None if self.key_field is None else field_of(self.key_field)
        options = Options(task_timeout=self.task_timeout, key=key)
        limits: list[Limit] = []
        if self.rate:
            limits.append(Limit.rate(*self.rate))
        if self.per_key:
            if key is None:
                raise click.UsageError("--per-key needs --key-field: the field whose values are the keys")
            limits.append(Limit.concurrency(self.per_key, key=key))
        if limits:
            options["limits"] = limits
        if self.retries:
            backoff = Retry().backoff if self.backoff is None else self.backoff
            options["retry"] = Retry(self.retries + 1, on=self.retry_on or (Exception,), backoff=backoff)
        elif self.retry_on or self.backoff is not None:
            raise click.UsageError(f"{'--retry-on' if self.retry_on else '--backoff'} is about --retries N, which is not there")
        return options


def field_of(name: str) -> Callable[[Any], Any]:
    """Return a function that gives the field `name` of an item; an item without one fails."""

    def key(item: Any) -> Any:
        try:
            return item[name]
        except (KeyError, TypeError, IndexError):
            raise LookupError(f"the item has no field {name!r}, which --key-field names") from None

    return key


def rate(value: object) -> tuple[float, float]:
    """Return count and seconds of ``10/s``, ``100/m``, ``1000/h`` or ``5`` (a second)."""
    match = _RATE.fullmatch(str(value))
    if not match or float(match[1]) == 0:
        raise click.BadParameter(f"{str(value)!r} is not a rate like 10/s, 100/m or 1000/h")
    return float(match[1]), _SECONDS[match[2] or "s"]


def exception(value: object) -> type[Exception]:
    """Return the exception class of that name: a builtin, or one in a module or a file, like ``requests:Timeout``."""
    name = str(value)
    if ":" in name:
        try:
            found = load_object(name, _EXCEPTION_FORM)
        except InvalidOption as error:
            raise click.BadParameter(str(error)) from error
    else:
        found = getattr(builtins, name, None)
    if not (isinstance(found, type) and issubclass(found, Exception)):
        raise click.BadParameter(f"{name!r} is not {_EXCEPTION_FORM}")
    return found


def policy_options(command: F) -> F:
    """Add the options that make rules of a run."""
    seconds = click.FloatRange(min=0, min_open=True)
    for option in (
        click.option(
            "--task-timeout",
            type=seconds,
            metavar="S",
            help="Seconds an attempt may take until it is asked to stop; see --grace.",
        ),
        click.option("--key-field", metavar="FIELD", help="The field of an item that is its key, as for --per-key."),
        click.option("--per-key", type=click.IntRange(min=1), metavar="N", help="At most N items with the same key at once."),
        click.option("--rate", type=rate, metavar="N/s", help="Begin at most so many items: 10/s, 100/m, 1000/h."),
        click.option(
            "--retry-on",
            type=exception,
            multiple=True,
            metavar="ERROR",
            help="Only after this exception: NAME, MODULE:NAME, FILE.py:NAME. [any]",
        ),
        click.option(
            "--backoff",
            type=click.FloatRange(min=0),
            metavar="S",
            help="Longest first wait; doubles each time. [0.5]",
        ),
        click.option("--retries", type=click.IntRange(min=0), default=0, metavar="N", help="Try a failed item again, N times."),
    ):
        command = option(command)
    return command
