"""`closing_on_cancel`: a blocking call on a connection, which ends when the task is asked to stop."""

import errno
import os
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Protocol, TypeVar

from ..engine import current_or_none
from ..errors import InvalidOption


class Closeable(Protocol):
    """What `closing_on_cancel` needs."""

    def close(self) -> object:
        """Close it; a second call does nothing."""


C = TypeVar("C", bound=Closeable)


@contextmanager
def closing_on_cancel(closeable: C) -> Iterator[C]:
    """End what blocks on `closeable` in the ``with`` as soon as the task is asked to stop, and leave with `Cancelled`.

    For sockets, and responses and all else that waits on one (their ``fileno()`` is a socket's): the socket is shut down,
    which ends ``recv``, ``send``, ``accept`` and ``connect``, and `closeable` is closed by the task when it leaves the
    ``with``. What has no ``fileno()`` is closed at once, on the thread that cancels: its ``close()`` must end what blocks on
    it, and must not block. Where nobody asks the task to stop, and outside of a task, nothing is closed.

    Once asked, the ``with`` ends with `Cancelled`, also where the call gave the end of the data and not an error. An error
    is taken for a consequence, and is the ``__context__`` of the `Cancelled`; but every error from before passes as it is, and
    so does an ``OSError`` that a closed connection cannot give (no such file, refused, timed out).

    Raises `Cancelled` where the task was asked before, and `InvalidOption` for a pipe or a file: to close it would not end a
    read. Use `run_process` for the output of a program. Costs some 10 µs.
    """
    task = current_or_none()
    if task is None:
        yield closeable
        return
    line = _Line(closeable)
    try:
        with task.on_cancel(line.cut):
            task.checkpoint()
            yield closeable
    except Exception as error:
        if line.leave() and _can_come_of_closing(error):
            task.checkpoint()
        raise
    finally:
        if line.leave():
            with suppress(OSError):  # such as what could not be written any more
                closeable.close()
    if line.leave():
        task.checkpoint()


class _Line:
    """What a task waits on: cut by another thread, at most once, and never after the task has left."""

    def __init__(self, closeable: Closeable) -> None:
        self._closeable = closeable
        self._socket = _socket_of(closeable)
        self._lock = threading.Lock()  # Guards: _cut, _left; and makes who leaves wait for a cut that has begun
        self._cut = False
        self._left = False

    def cut(self) -> None:
        """End what blocks on it."""
        with self._lock:
            if self._left:
                return
            self._cut = True
            shut_down = self._shut_down()
        if not shut_down:  # has no socket, or one that is not connected: a connect() may be about to begin
            self._closeable.close()

    def leave(self) -> bool:
        """Take note that nothing blocks any more; tell whether it was cut before."""
        with self._lock:
            self._left = True
            return self._cut

    def _shut_down(self) -> bool:
        """Shut its socket down, and tell whether that could be done."""
        if self._socket is None:
            return False
        # The task may close its socket at any moment, and another one get the number: a duplicate stays what it is.
        try:
            number = os.dup(_file_number(self._closeable))
        except (OSError, ValueError):  # closed already
            return False
        try:
            return _identity(os.fstat(number)) == self._socket and _shut_down(number)
        finally:
            os.close(number)


def _shut_down(number: int) -> bool:
    connection = socket.socket(fileno=number)
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:  # not connected
        return False
    finally:
        connection.detach()
    return True


def _socket_of(closeable: Any) -> tuple[int, int] | None:
    """Return the identity of the socket that `closeable` waits on; ``None`` where it has none, or is closed."""
    try:
        status = os.fstat(_file_number(closeable))
    except (OSError, ValueError):
        return None
    if not stat.S_ISSOCK(status.st_mode):
        raise InvalidOption(
            f"closing_on_cancel needs a socket, or what waits on one, not {closeable!r:.60}: "
            "to close a pipe or a file does not end a read of it"
        )
    return _identity(status)


def _file_number(closeable: Any) -> int:
    """Return the number of the file of `closeable`, or -1 where it has none."""
    number: int = closeable.fileno() if hasattr(closeable, "fileno") else -1
    return number


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


_CUT_OFF = {
    errno.EBADF,
    errno.ECONNABORTED,
    errno.ECONNRESET,
    errno.EINVAL,  # of accept()
    errno.ENOTCONN,
    errno.EPIPE,
    errno.ESHUTDOWN,
}
"""What the system says of a call on a connection that was shut down or closed."""


def _can_come_of_closing(error: Exception) -> bool:
    """Tell whether `error` can be the consequence of the closing."""
    if not isinstance(error, OSError) or type(error).__module__ != "builtins":
        return True  # what libraries derive from OSError has no number, or one of their own, as in ssl
    return error.errno in _CUT_OFF or (error.errno is None and isinstance(error, ConnectionError))
