"""Durable writes: the old file or the new one, whatever fails, and the rights that the umask gives."""

import errno
import os
from contextlib import suppress

import pytest

from dlab.errors import EnvironmentFault
from dlab.results import durable


class Failing:
    """Fails the n-th operation on the disk, once or from then on."""

    def __init__(self, at: int, forever: bool):
        self.at, self.forever, self.count = at, forever, 0

    def __call__(self, call, *arguments):
        self.count += 1
        if self.count == self.at or (self.forever and self.count > self.at):
            raise OSError(errno.ENOSPC, "No space left on device")
        return call(*arguments)


@pytest.mark.parametrize("forever", [False, True])
def test_a_failed_write_leaves_the_old_file_or_the_new_one(tmp_path, monkeypatch, forever):
    path = tmp_path / "file"
    for at in range(1, 50):
        path.write_bytes(b"old")
        failing = Failing(at, forever)
        monkeypatch.setattr(durable, "touch_disk", failing)
        with suppress(EnvironmentFault):
            durable.replace(path, b"new" * 1000)
        assert path.read_bytes() in (b"old", b"new" * 1000)
        assert os.listdir(tmp_path) == ["file"]
        if failing.count < at:
            break
    assert 4 < at < 20


def test_a_failed_write_says_which_file_and_why(tmp_path, monkeypatch):
    monkeypatch.setattr(durable, "touch_disk", Failing(1, True))
    with pytest.raises(EnvironmentFault, match=r"file: No space left on device"):
        durable.replace(tmp_path / "file", b"")


@pytest.mark.parametrize(("umask", "mode"), [(0o077, 0o600), (0o027, 0o640), (0o002, 0o664)])
def test_files_have_the_rights_the_umask_leaves(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        durable.replace(tmp_path / "a", b"x")
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == mode


def test_create_never_replaces(tmp_path):
    durable.create(tmp_path / "a", b"first")
    with pytest.raises(EnvironmentFault, match="File exists"):
        durable.create(tmp_path / "a", b"second")
    assert (tmp_path / "a").read_bytes() == b"first"


def test_a_folder_below_a_file_is_an_environment_fault(tmp_path):
    (tmp_path / "results").write_text("not a folder")
    with pytest.raises(EnvironmentFault, match="cannot write"):
        durable.make_folder(tmp_path / "results" / "train")
