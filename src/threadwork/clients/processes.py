"""`run_process`: a program that runs inside a task, and ends when the task is asked to stop."""

import io
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from types import TracebackType
from typing import IO, Any, Literal, Self, TypeAlias, overload

from ..engine import TaskContext, current_or_none
from ..errors import InvalidOption

Command: TypeAlias = Sequence[str | bytes | os.PathLike[str] | os.PathLike[bytes]]

_POLL_SECONDS = 0.02
"""How often a program that has closed its output is asked whether it has ended: not every system can wait for both."""

_CHUNK = 65536
_PIPE_BUF = 512  # what can be written without waiting to a pipe that is ready (POSIX)


@overload
def run_process(
    args: Command, *, input: str | None = None, timeout: float | None = None, check: bool = False, grace: float = 2.0,
    text: Literal[True], **popen: Any,
) -> subprocess.CompletedProcess[str]: ...  # fmt: skip


@overload
def run_process(
    args: Command, *, input: bytes | None = None, timeout: float | None = None, check: bool = False, grace: float = 2.0,
    text: Literal[False] = False, **popen: Any,
) -> subprocess.CompletedProcess[bytes]: ...  # fmt: skip


def run_process(
    args: Command,
    *,
    input: str | bytes | None = None,  # noqa: A002 - what it is called in subprocess
    timeout: float | None = None,
    check: bool = False,
    grace: float = 2.0,
    text: bool = False,
    **popen: Any,
) -> subprocess.CompletedProcess[Any]:
    """Run a program to its end and return what it wrote, as ``subprocess.run(args, capture_output=True)`` does.

    When the task is asked to stop, or its deadline is over, the program and what it has started (its process group: it
    gets a session of its own) are sent SIGTERM and, after `grace` seconds, what is left of them SIGKILL; then `Cancelled`
    is raised. After `timeout` seconds it is ended in the same way, and ``subprocess.TimeoutExpired`` raised, with what was
    written by then. Keep `grace` below that of the run, 5 s where none is given. Outside of a task nothing cancels it.

    `args` is a list, and there is no shell. Without `input` the program's standard input is empty. `text` makes texts of
    the bytes, as UTF-8; `check` raises ``subprocess.CalledProcessError`` for an exit status other than 0. All else in
    `popen` is for ``subprocess.Popen``.

    Blocks, also while a grandchild holds the output open. No process of the group, zombie, thread or pipe stays behind,
    also after an interrupt; a grandchild that leaves the group, as a daemon does, is neither stopped nor, once the task is
    asked to stop, waited for. Raises `Cancelled` before anything is started where the task was asked before, `InvalidOption`
    for arguments that cannot be used, ``OSError`` where the program cannot be started.
    """
    data = _checked(args, input, popen, text=text)
    task = current_or_none()
    with _Bell() as bell, task.on_cancel(bell.ring) if task else nullcontext():
        if task:
            task.checkpoint()
        with _Child(args, data, popen) as child:
            if not child.run(timeout, bell):
                child.stop(grace)
                _raise_why(task, args, timeout, child)
            status = child.process.returncode
    out, err = (_shown(child.output(stream), text=text) for stream in (child.process.stdout, child.process.stderr))
    completed = subprocess.CompletedProcess(args, status, out, err)
    if check:
        completed.check_returncode()
    return completed


def _raise_why(task: TaskContext | None, args: Command, timeout: float | None, child: "_Child") -> None:
    if task:
        task.checkpoint()
    assert timeout is not None, "nothing else ends it"
    out, err = child.output(child.process.stdout), child.output(child.process.stderr)
    raise subprocess.TimeoutExpired(args, timeout, out, err)


def _checked(args: object, data: str | bytes | None, popen: dict[str, Any], *, text: bool) -> bytes | None:
    """Return the bytes of the input. Raises `InvalidOption` for what cannot be used."""
    if isinstance(args, str | bytes):
        raise InvalidOption(f"args must be a list such as ['git', 'status'], not {args!r:.60}: there is no shell that splits it")
    for name in ("shell", "start_new_session", "process_group", "encoding", "errors", "universal_newlines", "bufsize"):
        if name in popen:
            raise InvalidOption(f"run_process takes no {name}: it uses no shell, always starts a session, and its text is UTF-8")
    if data is not None and "stdin" in popen:
        raise InvalidOption("give input or stdin, not both")
    if data is not None and isinstance(data, str) != text:
        raise InvalidOption("input must be a str with text=True, and bytes without")
    return data.encode() if isinstance(data, str) else data


def _shown(output: bytes | None, *, text: bool) -> str | bytes | None:
    return io.TextIOWrapper(io.BytesIO(output), "utf-8").read() if text and output is not None else output


class _Bell:
    """Wakes a thread that waits in a selector, from another one: a pipe, as that is what can be waited for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # Guards: _open
        self._open = True
        self.reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)

    def ring(self) -> None:
        """Wake whoever waits, now or later."""
        with self._lock:
            if self._open:
                with suppress(BlockingIOError):  # it has been rung often enough
                    os.write(self._writer, b".")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with self._lock:
            self._open = False
            os.close(self.reader)
            os.close(self._writer)


class _Child:
    """A program and its pipes; at the end of the ``with`` nothing of its group is left."""

    def __init__(self, args: Command, data: bytes | None, popen: dict[str, Any]) -> None:
        self._args = args
        self._data = memoryview(data or b"")
        stdin = subprocess.DEVNULL if data is None else subprocess.PIPE
        self._popen = {"stdin": stdin, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **popen}
        self._outputs: dict[IO[bytes], bytearray] = {}
        self.process: subprocess.Popen[bytes]

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(self._args, start_new_session=True, bufsize=0, **self._popen)  # noqa: S603 - what the caller asks for
        self._outputs = {stream: bytearray() for stream in (self.process.stdout, self.process.stderr) if stream}
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        process = self.process
        if error is not None:
            self._signal(signal.SIGKILL)
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                stream.close()

    def output(self, stream: IO[bytes] | None) -> bytes | None:
        """Return what has come from `stream`."""
        return bytes(self._outputs[stream]) if stream else None

    def run(self, timeout: float | None, bell: _Bell | None) -> bool:
        """Wait for its end and that of its output; ``False`` where `timeout` seconds were over before, or the `bell` rang."""
        deadline = None if timeout is None else time.monotonic() + timeout
        with selectors.DefaultSelector() as selector:
            for pipe in self._pipes():
                selector.register(pipe, selectors.EVENT_WRITE if pipe is self.process.stdin else selectors.EVENT_READ)
            if bell:
                selector.register(bell.reader, selectors.EVENT_READ)
            while self._pipes() or self.process.poll() is None:
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    return False
                if not self._pipes():
                    left = min(_POLL_SECONDS, _POLL_SECONDS if left is None else left)
                if not self._move(selector, left, bell):
                    return False
        return True

    def stop(self, grace: float) -> None:
        """Ask its group to end; kill what has not ended after `grace` seconds."""
        self._signal(signal.SIGTERM)
        self.run(grace, None)  # what it writes meanwhile must not stop it from ending
        self._signal(signal.SIGKILL)
        self.process.wait()

    def _pipes(self) -> list[IO[bytes]]:
        """Return the pipes that are open still."""
        return [stream for stream in (*self._outputs, self.process.stdin) if stream and not stream.closed]

    def _move(self, selector: selectors.BaseSelector, seconds: float | None, bell: _Bell | None) -> bool:
        """Read and write what is ready; ``False`` where the `bell` has rung."""
        for key, _ in selector.select(seconds):
            if bell and key.fd == bell.reader:
                return False
            if key.fileobj is self.process.stdin:
                done = self._write(key.fd)
            else:
                chunk = os.read(key.fd, _CHUNK)
                self._outputs[key.fileobj] += chunk  # type: ignore[index] # its own stream
                done = not chunk
            if done:
                selector.unregister(key.fileobj)
                key.fileobj.close()  # type: ignore[union-attr] # see above
        return True

    def _write(self, number: int) -> bool:
        """Write some of the input; tell whether there is no more to write, or nobody to read it."""
        try:
            self._data = self._data[os.write(number, self._data[:_PIPE_BUF]) :]
        except BrokenPipeError:
            return True
        return not self._data

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError, PermissionError):  # nobody is left (macOS says the second for zombies)
            os.killpg(self.process.pid, number)
