"""`Refusal`: the command cannot do what it was asked to."""

import click


class Refusal(click.ClickException):
    """The command cannot do what it was asked to; unlike a `click.UsageError`, the usage would not explain why."""

    exit_code = 2
