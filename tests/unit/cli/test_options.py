import click
import pytest

from threadwork.cli.options import count_or_auto, halt_rule
from threadwork.engine import Halt


@pytest.mark.parametrize(("text", "rule"), [("1", Halt(1)), ("20", Halt(20)), ("5%", Halt("5%")), ("never", Halt.never())])
def test_a_halt_is_a_count_a_share_or_never(text, rule):
    assert halt_rule(text) == rule


@pytest.mark.parametrize("text", ["0", "-1", "x", "0%", "101%", "", "1.5"])
def test_any_other_halt_is_refused(text):
    with pytest.raises(click.BadParameter, match="is not a count like 1, a share like 5%, or never"):
        halt_rule(text)


@pytest.mark.parametrize(("given", "size"), [("auto", "auto"), ("1", 1), (64, 64)])
def test_a_batch_is_auto_or_a_count(given, size):
    assert count_or_auto(given) == size


@pytest.mark.parametrize("text", ["0", "-1", "all", "1.5"])
def test_any_other_batch_is_refused(text):
    with pytest.raises(click.BadParameter, match="is not auto or a whole number of at least 1"):
        count_or_auto(text)
