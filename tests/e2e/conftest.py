"""The installed command as a child process, with its tasks in files of the test's own folder."""

import os
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

# What starts the tests may ignore SIGINT, and a child inherits that: the command is to see the signal as from a terminal.
WITH_DEFAULT_SIGNALS = (
    "import os, signal, sys\n"
    "for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE):\n"
    "    signal.signal(number, signal.SIG_DFL)\n"
    "os.execv(sys.argv[1], sys.argv[1:])\n"
)
TASKS = """
import sys, time, threading, threadwork

def square(n: int):
    return n * n

def same(x):
    return x

def shout(text):
    print("heard", text)
    return text.upper()

def thread(x):
    time.sleep(0.05)
    return threading.current_thread().name

def picky(x):
    if "bad" in str(x):
        raise ValueError(f"cannot take {x}")
    return x

def wait(seconds: float):
    begun()
    if seconds:
        threadwork.current().sleep(seconds)
        threadwork.current().checkpoint()
    return seconds

def hang(seconds: float):
    begun()
    time.sleep(seconds)
    return seconds

def begun():
    print(end="begun\\n", flush=True)
"""


COMMANDS = ("journal", "report")
"""What is given as the first argument where it is not `run`."""


class Command:
    """Runs the command in `folder`."""

    def __init__(self, folder):
        self.folder = folder
        self.children = []
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("THREADWORK_") and name != "COLUMNS"
        }

    def __call__(self, *arguments, stdin="", status=0):
        """Run it to its end with `stdin` and return the finished process; its exit status must be `status`."""
        text = stdin if isinstance(stdin, bytes) else stdin.encode()
        done = subprocess.run(
            self.line(arguments), input=text, capture_output=True, timeout=15, cwd=self.folder, env=self.environment, check=False
        )
        done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
        assert done.returncode == status, done.stderr
        return done

    def start(self, *arguments, **pipes):
        """Start it and return the running process."""
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **pipes}
        child = subprocess.Popen(self.line(arguments), cwd=self.folder, env=self.environment, start_new_session=True, **pipes)
        self.children.append(child)
        return child

    def line(self, arguments):
        script = Path(sysconfig.get_path("scripts")) / "threadwork"
        command = () if arguments and arguments[0] in COMMANDS else ("run",)
        return [sys.executable, "-c", WITH_DEFAULT_SIGNALS, str(script), *command, *map(str, arguments)]

    def write(self, name, content):
        (self.folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())

    def read(self, name):
        return (self.folder / name).read_text()

    def names(self):
        return sorted(path.name for path in self.folder.iterdir() if path.name not in ("t.py", "__pycache__"))

    def end(self):
        for child in self.children:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
            for pipe in (child.stdin, child.stdout, child.stderr):
                if pipe and not pipe.closed:
                    pipe.close()
            child.wait(5)


@pytest.fixture
def run(tmp_path):
    """Return the command, in a folder with the tasks above in ``t.py``."""
    command = Command(tmp_path)
    command.write("t.py", TASKS)
    yield command
    command.end()
