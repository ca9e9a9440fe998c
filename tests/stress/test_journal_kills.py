"""A run with a journal is killed (SIGKILL) at random moments and begun again, until it is done: nothing is lost, or done twice.

JOURNAL_KILLS says how many kills; a few where it is not set.
"""

import os
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

from threadwork.journal import overview

KILLS = int(os.environ.get("JOURNAL_KILLS") or 8)
ITEMS = {"": 5_000, "hold": 1_000, "again": 1_000}  # where each item waits for the disk, there is a moment to hit in each

CHILD = """
import os, sys, time, threadwork

path, effects, in_doubt = sys.argv[1], os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND | os.O_CREAT), sys.argv[3] or None

def task(item):
    os.write(effects, b"%d\\n" % item)
    if item % 50 == 0:
        time.sleep(0.005)
    return [item, item * item]

run = threadwork.map(task, range({items}), workers=8, journal=threadwork.Journal(path, in_doubt=in_doubt))
for outcome in run.outcomes():
    if outcome.ok:
        assert outcome.value == [outcome.item, outcome.item ** 2], outcome
    word = "known" if outcome.from_journal else "new" if outcome.ok else type(outcome.error).__name__
    os.write(1, f"{outcome.item} {word}\\n".encode())
"""


class Killed:
    """One journal, and the program that uses it."""

    def __init__(self, folder, in_doubt):
        self.journal, self.effects, self.told = (folder / name for name in ("run.db", "effects", "told"))
        self.in_doubt = in_doubt
        self.items = ITEMS[in_doubt]
        self.told_new = Counter()
        self.whole = False

    def run(self, seconds):
        """Run it, and kill it so long after its first outcome; take note of what it told."""
        arguments = [sys.executable, "-c", CHILD.replace("{items}", str(self.items)), self.journal, self.effects, self.in_doubt]
        with self.told.open("wb") as out:
            child = subprocess.Popen(arguments, stdout=out)
        try:
            while child.poll() is None and not self.told.stat().st_size:
                time.sleep(0.002)
            time.sleep(seconds)
        finally:
            child.send_signal(signal.SIGKILL)
            child.wait(10)
        whole_lines = self.told.read_bytes().rpartition(b"\n")[0].decode().splitlines()
        told = dict(line.split(" ") for line in whole_lines)
        assert child.returncode in (0, -signal.SIGKILL)
        self.whole = child.returncode == 0
        for item, word in told.items():
            assert word != "new" or item not in self.told_new, f"item {item} was acknowledged twice"
            assert word in ("new", "known", "InDoubt")
        self.told_new.update(item for item, word in told.items() if word == "new")
        return told

    def done(self):
        """Return how many items are done by the journal; look whether all that was told is."""
        counts = overview(str(self.journal)).counts
        assert counts.get("done", 0) >= len(self.told_new)
        return counts.get("done", 0)

    def effects_of(self):
        """Return how often each item had its effect."""
        return Counter(self.effects.read_text().splitlines())


@pytest.mark.timeout(600)
@pytest.mark.parametrize("in_doubt", ["", "hold", "again"])
def test_whatever_is_killed_goes_on_where_it_was(tmp_path, chance, in_doubt):
    kills = number = 0
    while kills < KILLS:
        number += 1
        folder = tmp_path / str(number)
        folder.mkdir()
        killed = Killed(folder, in_doubt)
        known_before = 0
        while not killed.whole:
            told = killed.run(chance.uniform(0, 0.12) if kills < KILLS else 30)
            assert sum(word == "known" for word in told.values()) <= killed.done()
            assert killed.done() >= known_before
            known_before = killed.done()
            kills += not killed.whole
        effects = killed.effects_of()
        held = {item for item, word in told.items() if word == "InDoubt"}
        assert len(told) == killed.items
        assert set(effects) | held == {str(item) for item in range(killed.items)}
        assert killed.done() == killed.items - len(held)
        if in_doubt == "hold":
            assert max(effects.values()) == 1, "an effect happened twice"
            assert len(held) <= 8 * kills, "more in doubt than workers"
        else:
            assert not held
            assert sum(effects.values()) - killed.items <= kills * 2_000  # what was done and not yet in the file, no more
