from pathlib import Path

from threadwork.cli.run import run

REFERENCE = (Path(__file__).parents[3] / "docs" / "reference" / "cli.md").read_text()


def test_every_option_is_in_the_reference():
    options = {name for parameter in run.params for name in (*parameter.opts, *parameter.secondary_opts) if name.startswith("-")}
    assert len(options) > 20
    assert [name for name in sorted(options) if f"`{name}" not in REFERENCE] == []
