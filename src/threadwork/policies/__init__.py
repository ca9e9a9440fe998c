"""The rules of a run, as values: what is tried again, how much may begin."""

from ..engine import SHORTHANDS
from .adaptive import Adaptive
from .breaker import Breaker
from .climbing import Reason
from .limit import Limit
from .retry import Retry, retry_after

__all__ = ["Adaptive", "Breaker", "Limit", "Reason", "Retry", "retry_after"]

SHORTHANDS["retry"] = Retry.of
SHORTHANDS["workers"] = Adaptive.of
