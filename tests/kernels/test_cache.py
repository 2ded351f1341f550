"""The kernel cache: what was kept comes back as it was, and nothing that happens to it is more than a loss of time."""

import logging
import os
import resource
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from dlab.kernels import cache, compilation, jit
from dlab.kernels.cache import Vault


@pytest.fixture
def vault(tmp_path) -> Vault:
    return Vault(tmp_path / "kernels")


def made(vault: Vault, monkeypatch, factor: int = 3):
    """(the kernel, whether it was compiled): out[i] = factor * x[i]."""
    monkeypatch.setattr(jit, "VAULT", vault)
    before = len(compilation.compiled)

    @jit.kernel(jit.floats(1), jit.floats(1), parallel=False)
    def scale(x, out):
        for i in range(len(x)):
            out[i] = factor * x[i]

    return scale, len(compilation.compiled) > before


def works(kernel, factor: int = 3) -> bool:
    x, out = np.arange(5, dtype=np.float32), np.zeros(5, np.float32)
    kernel(x, out)
    return bool((out == factor * x).all())


def files(vault: Vault) -> list[Path]:
    return sorted(vault.folder.iterdir())


def test_a_kernel_is_compiled_once_for_its_integers(vault, monkeypatch):
    for factor, compiled in ((3, True), (3, False), (4, True), (4, False), (3, False)):
        kernel, fresh = made(vault, monkeypatch, factor)
        assert fresh == compiled
        assert works(kernel, factor)
    assert len(files(vault)) == 2
    assert all(path.name.startswith("kernels-scale-") for path in files(vault))


def flip(place: float):
    def damage(path: Path) -> None:
        content = bytearray(path.read_bytes())
        content[int(place * (len(content) - 1))] ^= 0x10
        path.write_bytes(content)

    return damage


DAMAGE = {
    "empty": lambda path: path.write_bytes(b""),
    "a byte": lambda path: path.write_bytes(b"x"),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-100]),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"x"),
    "zeros": lambda path: path.write_bytes(bytes(len(path.read_bytes()))),
    "seal": flip(0),
    "machine code": flip(0.5),
    "end": flip(1),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_told_and_replaced(vault, monkeypatch, caplog, damage):
    made(vault, monkeypatch)
    damage(files(vault)[0])
    fresh = Vault(vault.folder)
    kernel, compiled = made(fresh, monkeypatch)
    assert compiled
    assert works(kernel)
    assert [record.getMessage().count("is damaged") for record in caplog.records] == [1]
    assert not made(fresh, monkeypatch)[1]


def test_a_file_under_another_kernels_name_is_not_taken(vault, monkeypatch):
    made(vault, monkeypatch, 3)
    three = files(vault)[0]
    made(vault, monkeypatch, 4)
    four = next(path for path in files(vault) if path != three)
    four.write_bytes(three.read_bytes())
    kernel, compiled = made(Vault(vault.folder), monkeypatch, 4)
    assert compiled
    assert works(kernel, 4)


def below_a_file(path: Path) -> None:
    path.parent.write_text("not a folder")


def others_may_write(path: Path) -> None:
    path.mkdir(parents=True)
    path.chmod(0o770)


def loop(path: Path) -> None:
    path.symlink_to(path)


@pytest.mark.parametrize("spoil", [below_a_file, others_may_write, loop])
def test_a_folder_that_cannot_be_used_costs_time_only(tmp_path, monkeypatch, caplog, spoil):
    folder = tmp_path / "home" / "kernels"
    folder.parent.mkdir() if spoil is loop else None
    spoil(folder)
    vault = Vault(folder)
    for _ in range(2):
        kernel, compiled = made(vault, monkeypatch)
        assert compiled
        assert works(kernel)
    assert [record.getMessage().count("cannot be kept in") for record in caplog.records] == [1]


def test_a_folder_of_another_user_is_not_used(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(os, "getuid", lambda: os.geteuid() + 1)
    assert not Vault(tmp_path / "kernels").open
    assert "another user's" in caplog.text


def test_a_file_of_another_user_is_not_loaded(vault, monkeypatch, caplog):
    made(vault, monkeypatch)
    monkeypatch.setattr(cache.os, "getuid", lambda: os.geteuid() + 1)
    assert made(vault, monkeypatch)[1]
    assert "another user's" in caplog.text


def test_without_a_home_nothing_is_made(tmp_path, monkeypatch, caplog):
    monkeypatch.chdir(tmp_path)
    assert not Vault(Path("~/.cache/dlab")).open
    assert "there is no home folder" in caplog.text
    assert list(tmp_path.iterdir()) == []


@contextmanager
def files_of_at_most(size: int):
    """As if the disk were full behind so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_leaves_no_file_and_is_told_once(vault, monkeypatch, caplog):
    with files_of_at_most(2000):
        for factor in (3, 4):
            kernel, _ = made(vault, monkeypatch, factor)
            assert works(kernel, factor)
    assert files(vault) == []
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_the_folder_is_named_by_the_variable_or_is_the_users(monkeypatch, tmp_path):
    monkeypatch.setenv("DLAB_CACHE_DIR", str(tmp_path))
    assert jit.cache_folder() == tmp_path / "kernels" / jit.sources_hash()
    monkeypatch.delenv("DLAB_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert jit.cache_folder() == tmp_path / "xdg" / "dlab" / "kernels" / jit.sources_hash()
