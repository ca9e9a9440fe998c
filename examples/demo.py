"""The main job on real input: SHA-256 and line count of every file of this Python's standard library.

In a plain loop and on 16 named threads, with the files on disk and with the files in memory, and all results compared.
``make demo`` runs it.
"""

import os
import sys
import sysconfig
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import threadwork
from hashes import digest

WORKERS = 16
Digests = list[dict[str, Any]]


def main() -> None:
    """Do the job both ways and print what came of it."""
    library = Path(sysconfig.get_path("stdlib"))
    paths = [str(path) for path in sorted(library.rglob("*")) if is_of_library(path)]
    free_threaded = not getattr(sys, "_is_gil_enabled", lambda: True)()
    python = f"Python {sys.version.split()[0]}, {'free-threaded' if free_threaded else 'with the GIL'}"
    print(f"SHA-256 and line count of {len(paths):,} files below {library}\n{python}, {os.cpu_count()} CPUs\n")

    print(f"{'':24}plain loop  {WORKERS} threads")
    results = [*compare("files read from disk", paths, forget)] if hasattr(os, "posix_fadvise") else []
    results += compare("files read from memory", paths)
    same = all(result == results[0] for result in results)
    print(f"\nThe same results in the same order every time: {'yes' if same else 'NO'}")
    print("Threads win where tasks wait, here for the disk. Short tasks that only compute, as with files in memory, share the")
    print("CPUs and, unless Python is free-threaded, its one lock: there a loop may well be as fast.\n")

    print("Try next:")
    print(f"  .venv/bin/threadwork run examples/hashes.py:digest --files {library} -j {WORKERS} -o out.jsonl")
    print("  seq 5 | .venv/bin/threadwork run math:sqrt --jsonl")
    print("  .venv/bin/threadwork run --help")
    sys.exit(0 if same else 1)


def compare(title: str, paths: list[str], prepare: Callable[[list[str]], object] = len) -> tuple[Digests, Digests]:
    """Do the job in a loop and on threads, each after `prepare`, print both times, and return both results."""
    prepare(paths)
    began = time.perf_counter()
    in_a_loop = [digest(path) for path in paths]
    loop_seconds = time.perf_counter() - began

    prepare(paths)
    began = time.perf_counter()
    run = threadwork.map(digest, paths, workers=WORKERS, name="hash")
    outcomes = list(run.outcomes())
    thread_seconds = time.perf_counter() - began

    ratio = loop_seconds / thread_seconds
    print(f"{title:24}{loop_seconds:8.2f} s  {thread_seconds:8.2f} s   {ratio:.1f} times as fast")
    print(f"  {run.stats()}")
    files = Counter(outcome.worker for outcome in outcomes)
    busiest = ", ".join(f"{worker} {count:,}" for worker, count in files.most_common(3))
    print(f"  {len(files)} threads took part: {busiest}, ... files")
    return in_a_loop, [outcome.unwrap() for outcome in outcomes]


def is_of_library(path: Path) -> bool:
    """Tell whether `path` is a file of the standard library, not of what was installed beside it."""
    return path.is_file() and not path.is_symlink() and not {"site-packages", "dist-packages"} & set(path.parts)


def forget(paths: list[str]) -> None:
    """Ask the system to forget the content of the files, so that they have to be read from disk again."""
    for path in paths:
        fd = os.open(path, os.O_RDONLY)
        try:
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(fd)


if __name__ == "__main__":
    main()
