"""The one error of the sources."""

from ..errors import ThreadworkError


class InputError(ThreadworkError, ValueError):
    """An input cannot be read or is malformed; the message begins with the file and, where there is one, the line."""
