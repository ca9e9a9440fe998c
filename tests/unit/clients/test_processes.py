"""`run_process`: real programs, that end by themselves, or when the task is asked to stop."""

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import threadwork
from tests.support.aside import PATIENCE, Aside, wait_until
from threadwork import Cancelled, InvalidOption, Status, TaskGroup, current, run_process

PYTHON = sys.executable


def python(code, *words):
    return [PYTHON, "-c", code, *map(str, words)]


def alive(pid):
    """Tell whether there is a process `pid` that is no zombie."""
    try:
        return b"\nState:\tZ" not in Path(f"/proc/{pid}/status").read_bytes()
    except FileNotFoundError:
        return False
    except NotADirectoryError:
        return True


def open_files():
    """Return how many files this process has open, where the system tells."""
    folder = Path("/proc/self/fd")
    return len([*folder.iterdir()]) if folder.exists() else 0


def pid_in(path):
    wait_until(lambda: path.exists() and path.read_text())
    return int(path.read_text())


WRITE_PID = (
    "import os, sys, time; open(sys.argv[1] + '~', 'w').write(str(os.getpid())); os.rename(sys.argv[1] + '~', sys.argv[1]); "
)
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + WRITE_PID
LINGER = "time.sleep(60)"


@pytest.fixture(autouse=True)
def _no_open_files_are_left():
    before = open_files()
    yield
    assert open_files() <= before


def test_it_returns_what_the_program_wrote():
    done = run_process(python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"))
    assert (done.returncode, done.stdout, done.stderr) == (3, b"out\n", b"err\n")
    assert done.args[0] == PYTHON


def test_text_is_utf_8():
    done = run_process(python("import sys; sys.stdout.buffer.write('é\\r\\nß'.encode())"), text=True)
    assert done.stdout == "é\nß"
    with pytest.raises(UnicodeDecodeError):
        run_process(python("import sys; sys.stdout.buffer.write(b'\\xff')"), text=True)


@pytest.mark.parametrize("size", [0, 1, 1_000_000])
def test_input_and_output_may_be_large(size):
    echo = python("import sys; data = sys.stdin.buffer.read(); sys.stdout.buffer.write(data); sys.stderr.buffer.write(data)")
    done = run_process(echo, input=b"x" * size)
    assert (done.stdout, done.stderr) == (b"x" * size,) * 2


def test_a_program_that_does_not_read_its_input_is_no_error():
    assert run_process(python("print('done')"), input=b"x" * 1_000_000).stdout == b"done\n"


def test_without_input_there_is_nothing_to_read():
    assert run_process(python("import sys; print(repr(sys.stdin.read()))"), text=True).stdout == "''\n"


def test_its_output_may_go_elsewhere(tmp_path):
    with (tmp_path / "out").open("wb") as file:
        done = run_process(python("print('there')"), stdout=file, stderr=subprocess.STDOUT, cwd=tmp_path)
    assert (done.stdout, done.stderr) == (None, None)
    assert (tmp_path / "out").read_text() == "there\n"


def test_check_raises_for_a_status():
    with pytest.raises(subprocess.CalledProcessError) as caught:
        run_process(python("print('so far'); raise SystemExit(2)"), check=True)
    assert (caught.value.returncode, caught.value.output) == (2, b"so far\n")


def test_a_program_that_is_not_there_is_the_error_of_the_system():
    with pytest.raises(FileNotFoundError):
        run_process(["/no/such/program"])


def test_a_program_that_closes_its_output_and_goes_on_is_waited_for(tmp_path):
    code = "import os, sys, time; os.close(1); os.close(2); time.sleep(0.1); open(sys.argv[1], 'w').write('end')"
    run_process(python(code, tmp_path / "end"))
    assert (tmp_path / "end").read_text() == "end"


def test_after_the_timeout_it_is_ended(tmp_path):
    with pytest.raises(subprocess.TimeoutExpired) as caught:
        run_process(python("print('begun', flush=True); " + WRITE_PID + LINGER, tmp_path / "pid"), timeout=0.5)
    assert caught.value.output == b"begun\n"
    assert not alive(pid_in(tmp_path / "pid"))


def cancelled_when_it_runs(tmp_path, code, **options):
    """Run `code` in a task, cancel that once it runs, and return how it ended."""
    ended = []

    def task(_):
        try:
            run_process(python(code, tmp_path / "pid"), **options)
        except BaseException as error:
            ended.append(type(error))
            raise

    run = threadwork.map(task, [0])
    aside = Aside(lambda: list(run.outcomes()))
    pid = pid_in(tmp_path / "pid")
    run.cancel("enough")
    [outcome] = aside.result()
    assert outcome.status is Status.CANCELLED
    return ended, pid


def test_when_the_task_is_cancelled_the_program_is_ended(tmp_path):
    ended, pid = cancelled_when_it_runs(tmp_path, WRITE_PID + LINGER, grace=PATIENCE)
    assert ended == [Cancelled]
    assert not alive(pid)


def test_one_that_does_not_heed_it_is_killed(tmp_path):
    ended, pid = cancelled_when_it_runs(tmp_path, STUBBORN + LINGER, grace=0.05)
    assert ended == [Cancelled]
    assert not alive(pid)


def test_it_gets_the_grace_to_end_by_itself(tmp_path):
    code = (
        "import signal, sys; end = lambda *_: (print('x' * 1_000_000), open(sys.argv[1] + '.end', 'w'), sys.exit()); "
        "signal.signal(signal.SIGTERM, end); " + WRITE_PID + LINGER
    )
    ended, _ = cancelled_when_it_runs(tmp_path, code, grace=PATIENCE)
    assert ended == [Cancelled]
    assert (tmp_path / "pid.end").exists()


def test_what_it_has_started_is_ended_with_it(tmp_path):
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {STUBBORN + LINGER!r}, sys.argv[1]])"
    ended, grandchild = cancelled_when_it_runs(tmp_path, code, grace=0.05)
    assert ended == [Cancelled]
    wait_until(lambda: not alive(grandchild))


def test_where_the_task_was_cancelled_before_nothing_is_started(tmp_path):
    def task(item):
        try:
            current().sleep(60)
        except Cancelled:
            run_process(python("open(__import__('sys').argv[1], 'w')", tmp_path / "begun"))

    run = threadwork.map(task, [0], task_timeout=0.01)
    assert next(run.outcomes()).status is Status.TIMED_OUT
    assert not (tmp_path / "begun").exists()


def test_the_task_timeout_ends_it():
    run = threadwork.map(lambda _: run_process(python("import time; time.sleep(60)")), [0], task_timeout=0.2)
    outcome = next(run.outcomes())
    assert outcome.status is Status.TIMED_OUT
    assert run.stats().abandoned == ()


def test_leaving_the_loop_ends_all_of_them(tmp_path):
    def task(item):
        if item:
            return run_process(python(WRITE_PID + LINGER, tmp_path / str(item)))
        for other in (1, 2, 3):
            pid_in(tmp_path / str(other))
        return item

    for _ in threadwork.map(task, range(100), workers=4, ordered=False):
        break
    assert not any(alive(pid_in(tmp_path / str(item))) for item in (1, 2, 3))


def test_in_a_task_group_another_tasks_failure_ends_it(tmp_path):
    def fail():
        pid_in(tmp_path / "pid")
        raise OSError("no")

    with pytest.raises(ExceptionGroup), TaskGroup() as group:
        group.start(run_process, python(WRITE_PID + LINGER, tmp_path / "pid"))
        group.start(fail)
    assert not alive(pid_in(tmp_path / "pid"))


def test_an_interrupt_ends_it(tmp_path):
    """A real one, in the main thread of a process of its own, outside of any task."""
    code = f"import sys, threadwork; threadwork.run_process([sys.executable, '-c', {WRITE_PID + LINGER!r}, sys.argv[1]])"
    child = subprocess.Popen(python(code, tmp_path / "pid"), stderr=subprocess.PIPE)
    pid = pid_in(tmp_path / "pid")
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=PATIENCE)
    assert b"KeyboardInterrupt" in err
    wait_until(lambda: not alive(pid))


def test_many_at_once_leave_nothing():
    threads = threading.active_count()
    done = threadwork.map(lambda item: run_process(["echo", str(item)]).stdout, range(60), workers=16).collect()
    assert done == [f"{item}\n".encode() for item in range(60)]
    assert threading.active_count() == threads


def test_a_cancel_at_the_very_end_is_either_one_or_the_other():
    for pause in range(10):
        run = threadwork.map(lambda _: run_process(["true"]).returncode, [0])
        aside = Aside(lambda run=run: list(run.outcomes()))
        time.sleep(pause / 2000)
        run.cancel()
        assert [outcome.status in {Status.DONE, Status.CANCELLED} for outcome in aside.result()] in ([True], [])


@pytest.mark.parametrize(
    ("args", "options", "said"),
    [
        ("ls -l", {}, r"args must be a list such as \['git', 'status'\], not 'ls -l'"),
        (["ls"], {"shell": True}, "takes no shell"),
        (["ls"], {"start_new_session": False}, "takes no start_new_session"),
        (["ls"], {"encoding": "latin-1"}, "its text is UTF-8"),
        (["cat"], {"input": "text"}, "input must be a str with text=True, and bytes without"),
        (["cat"], {"input": b"bytes", "text": True}, "input must be a str with text=True"),
        (["cat"], {"input": b"", "stdin": subprocess.DEVNULL}, "give input or stdin, not both"),
    ],
)
def test_what_cannot_be_used_is_refused(args, options, said):
    with pytest.raises(InvalidOption, match=said):
        run_process(args, **options)
