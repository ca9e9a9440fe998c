"""The rules of a run, as values: what is tried again, how much may begin."""

from ..engine import SHORTHANDS
from .limit import Limit
from .retry import Retry, retry_after

__all__ = ["Limit", "Retry", "retry_after"]

SHORTHANDS["retry"] = Retry.of
