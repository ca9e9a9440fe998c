"""The rules of a run, as values: what is tried again, how much may begin."""

from ..engine import SHORTHANDS
from .breaker import Breaker
from .limit import Limit
from .retry import Retry, retry_after

__all__ = ["Breaker", "Limit", "Retry", "retry_after"]

SHORTHANDS["retry"] = Retry.of
