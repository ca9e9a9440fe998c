"""The command ``threadwork`` and what it returns to the shell when it does not come to work."""

import click

from .journal import journal
from .past import report
from .run import run

_INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="threadwork")
def threadwork() -> None:
    """Run one task over many inputs on a bounded pool of named threads."""


threadwork.add_command(run)
threadwork.add_command(journal)
threadwork.add_command(report)


def main(arguments: list[str] | None = None) -> int:
    """Run the command with `arguments` (default: those of the process) and return the exit status."""
    try:
        status = threadwork.main(arguments, "threadwork", standalone_mode=False, auto_envvar_prefix="THREADWORK")
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return _INTERRUPTED
    return int(status or 0)
