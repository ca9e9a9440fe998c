"""What tasks call to reach the outside world; each call ends when the task is asked to stop."""

from .connections import closing_on_cancel
from .processes import run_process

__all__ = ["closing_on_cancel", "run_process"]
