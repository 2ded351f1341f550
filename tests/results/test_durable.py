"""Durable writes: the old file or the new one, whatever fails, and the rights that the umask gives."""

import errno
import os
from contextlib import suppress

import pytest

from dlab.errors import EnvironmentFault
from dlab.results import durable
from tests.results import faults


def rewrite(path, content):
    """The file gets what is written."""
    durable.replace(path, b"new", content)


def link(path, content):
    """The file gets what another one has, as its second name."""
    source = path.with_name("source")
    source.write_bytes(b"new" + content)
    durable.alias(path, source)


@pytest.mark.parametrize("kind", [*faults.KILLS, "ENOSPC once", "ENOSPC always"])
@pytest.mark.parametrize(
    "write", [lambda path, new: durable.replace(path, b"new", new), link], ids=["replace", "alias"]
)
def test_a_failed_write_leaves_the_old_file_or_the_new_one(tmp_path, kind, write):
    path = tmp_path / "file"
    for at in range(1, 50):
        path.unlink(missing_ok=True)
        path.write_bytes(b"old")
        with faults.disk(at, kind) as used, suppress(EnvironmentFault, faults.Killed):
            write(path, b"er" * 1000)
        assert path.read_bytes() in (b"old", b"newer" + b"er" * 999)
        assert {".tmp"} >= {left.suffix for left in tmp_path.iterdir() if left.name not in ("file", "source")}
        if kind.endswith("once"):
            assert not list(tmp_path.glob(".*"))
        durable.sweep(tmp_path)
        assert not list(tmp_path.glob(".*"))
        if used.count < at:
            break
    assert 4 < at < 20


def test_an_alias_is_the_same_file_or_a_copy_where_there_are_no_links(tmp_path, monkeypatch):
    source, path = tmp_path / "source", tmp_path / "file"
    source.write_bytes(b"x")
    for _ in range(2):
        durable.alias(path, source)
        assert path.samefile(source)
    path.unlink()
    monkeypatch.setattr(durable.os, "link", raising(errno.EPERM))
    durable.alias(path, source)
    assert path.read_bytes() == b"x"
    assert not path.samefile(source)
    assert len(list(tmp_path.iterdir())) == 2


def raising(number):
    def fail(*_):
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize("write", [lambda path: durable.replace(path, b"new"), durable.sync], ids=["replace", "sync"])
def test_an_error_of_the_last_moment_is_not_swallowed(tmp_path, monkeypatch, write):
    monkeypatch.setattr(durable.os, "fsync", raising(errno.EIO))
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(EnvironmentFault, match=r"file: Input/output error"):
        write(tmp_path / "file")


def test_what_a_network_file_system_has_lost_sight_of_is_tried_again(tmp_path, monkeypatch):
    monkeypatch.setattr(durable, "PAUSES", (0.0, 0.0, 0.0))
    faults_left = [errno.ESTALE] * 3

    def rename(*arguments, real=os.replace):
        if faults_left:
            raise OSError(faults_left.pop(), "Stale file handle")
        real(*arguments)

    monkeypatch.setattr(durable.os, "replace", rename)
    durable.replace(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"
    faults_left += [errno.ESTALE] * 4
    with pytest.raises(EnvironmentFault, match="Stale"):
        durable.replace(tmp_path / "file", b"newer")


def test_a_full_disk_says_which_file_how_much_was_to_be_written_and_how_much_room_there_is(tmp_path):
    with (
        faults.disk(2, "ENOSPC always"),
        pytest.raises(EnvironmentFault, match=r"file: ENOSPC always \(2,000 bytes to write, [\d,]+ free\)"),
    ):
        durable.replace(tmp_path / "file", bytes(2000))


def test_where_the_disk_does_not_even_say_how_full_it_is_the_rest_is_told(tmp_path, monkeypatch):
    def nobody_knows(path):
        raise OSError

    monkeypatch.setattr(durable.shutil, "disk_usage", nobody_knows)
    with faults.disk(2, "ENOSPC always"), pytest.raises(EnvironmentFault, match=r"file: ENOSPC always$"):
        durable.replace(tmp_path / "file", b"new")


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
