"""``threadwork report``: a page about what a journal remembers."""

from pathlib import Path

import click

from ..errors import ThreadworkError
from ..journal import overview, records
from ..observe import figures_of_past, write_page
from .own_files import check_own_files
from .refusal import Refusal


@click.command()
@click.argument("file", metavar="FILE")
@click.option("-o", "--output", required=True, metavar="OUT.html", help="The page.")
def report(file: str, output: str) -> None:
    """Write a page about the runs that FILE, of --journal, remembers: throughput, durations, threads, failures."""
    check_own_files({"FILE": file, "--output": output})
    try:
        found = overview(file)
        began = [start for _, start, _ in found.runs]
        settings = {name: value for name, value in found.meaning.items() if value} | {"journal": file}
        write_page(figures_of_past(lambda: records(file), began, settings), Path(output).absolute())
    except ThreadworkError as error:
        raise Refusal(str(error)) from error
    except OSError as error:
        raise Refusal(f"cannot write {output}: {error.strerror or error}") from error
