"""A live page about a run, on this machine alone."""

from .dashboard import Dashboard

__all__ = ["Dashboard"]
