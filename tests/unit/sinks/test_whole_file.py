import os
from pathlib import Path

import pytest

from threadwork.sinks import OutputError, WholeFile, open_destination, paths_of_output


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_file_is_there_when_it_is_whole_and_not_before(tmp_path):
    file = WholeFile(str(tmp_path / "out"))
    file.write(b"one\n")
    assert names(tmp_path) == [f"out.{os.getpid()}.partial"]
    file.commit()
    assert names(tmp_path) == ["out"]
    assert (tmp_path / "out").read_bytes() == b"one\n"


def test_an_old_file_stays_until_the_new_one_is_whole_and_keeps_its_permissions(tmp_path):
    old = tmp_path / "out"
    old.write_bytes(b"old")
    old.chmod(0o640)
    file = WholeFile(str(old))
    file.write(b"new")
    assert old.read_bytes() == b"old"
    file.commit()
    assert old.read_bytes() == b"new"
    assert old.stat().st_mode & 0o777 == 0o640


def test_what_is_kept_unfinished_has_another_name(tmp_path):
    (tmp_path / "out").write_bytes(b"old")
    file = WholeFile(str(tmp_path / "out"))
    file.write(b"half")
    assert file.keep() == str(tmp_path / "out.partial")
    assert names(tmp_path) == ["out", "out.partial"]
    assert (tmp_path / "out.partial").read_bytes() == b"half"


def test_nothing_is_kept_of_nothing(tmp_path):
    assert WholeFile(str(tmp_path / "out")).keep() is None
    assert names(tmp_path) == []


def test_a_link_stays_one(tmp_path):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    file = WholeFile(str(tmp_path / "link"))
    file.write(b"new")
    file.commit()
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


def test_a_full_disk_leaves_whole_records(tmp_path, monkeypatch):
    file = WholeFile(str(tmp_path / "out"))
    real, room = os.pwrite, [100_000]

    def small_disk(fd, data, offset):
        if not room[0]:
            raise OSError(28, "No space left on device")
        written = real(fd, data[: room[0]], offset)
        room[0] -= written
        return written

    monkeypatch.setattr(os, "pwrite", small_disk)
    with pytest.raises(OutputError, match=r"cannot write .*/out: No space left on device"):
        for _ in range(20):
            file.write(b"x" * 9_999 + b"\n")
    kept = file.keep()
    assert kept is not None
    content = Path(kept).read_bytes()
    assert content
    assert len(content) % 10_000 == 0
    assert content.endswith(b"\n")


def test_a_flush_that_is_interrupted_after_the_write_does_no_harm(tmp_path, monkeypatch):
    file = WholeFile(str(tmp_path / "out"))
    file.write(b"one\n")
    real = os.pwrite

    def interrupted(fd, data, offset):
        real(fd, data, offset)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "pwrite", interrupted)
    with pytest.raises(KeyboardInterrupt):
        file.commit()
    monkeypatch.setattr(os, "pwrite", real)
    file.write(b"two\n")
    file.commit()
    assert (tmp_path / "out").read_bytes() == b"one\ntwo\n"


def test_a_place_that_cannot_be_written_is_an_error_at_once(tmp_path):
    with pytest.raises(OutputError, match=r"is a directory; name a file in it"):
        WholeFile(str(tmp_path))
    with pytest.raises(OutputError, match=r"cannot write .*/no/out: No such file or directory"):
        WholeFile(str(tmp_path / "no" / "out"))


def test_a_device_is_written_to_and_not_replaced():
    destination = open_destination("/dev/null")
    destination.write(b"x")
    destination.commit()
    assert not Path("/dev/null").is_file()


def test_the_paths_of_an_output_are_those_it_uses(tmp_path):
    file = WholeFile(str(tmp_path / "out"))
    file.write(b"x")
    mine = paths_of_output(str(tmp_path / "out"))
    assert {str(path) for path in tmp_path.iterdir()} <= mine
    file.keep()
    assert {str(path) for path in tmp_path.iterdir()} <= mine
