"""Machine code that is kept between runs: one sealed file a kernel, in a folder that is this user's alone.

Numba's own cache counts its files, so two processes that compile different kernels of one function at the same moment
may exchange them, and it trusts what it finds: a damaged file ends the program, or is run.  Here a file's name follows
from all that its content depends on, and its first bytes are a checksum of the rest.  What is damaged is compiled anew
and replaced; a folder that cannot be used costs time and nothing else.
"""

import logging
import os
import pickle
import secrets
import stat
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from numba.core.caching import NullCache
from numba.core.compiler import CompileResult
from numba.core.runtime import rtsys
from numba.core.serialize import dumps

SEAL = sha256().digest_size
ADVICE = "so every run compiles them again. DLAB_CACHE_DIR can name another folder"


class Vault:
    """Sealed files in a folder; the first trouble with it is told, and none is an error."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._told = False
        self.open = self._private()

    def load(self, name: str) -> Any:
        """What was kept under a name, None if it is not there or not sound."""
        try:
            with open(self.folder / name, "rb") as file:
                own = os.fstat(file.fileno()).st_uid == os.getuid()
                seal, content = file.read(SEAL), file.read()
            if own and seal == _seal(name, content):
                return pickle.loads(content)
            self._tell(f"{self.folder / name} is damaged or another user's: this kernel is compiled again")
        except FileNotFoundError:
            pass
        except OSError as fault:
            self._close(fault.strerror)
        return None

    def save(self, name: str, thing: Any) -> None:
        """Keep it, in one piece or not at all."""
        if not self.open:
            return
        content = pickle.dumps(thing)
        temporary = self.folder / f".{secrets.token_hex(8)}"
        try:
            with open(temporary, "xb") as file:
                file.write(_seal(name, content) + content)
            temporary.replace(self.folder / name)
        except OSError as fault:
            temporary.unlink(missing_ok=True)
            self._close(fault.strerror)

    def _private(self) -> bool:
        """Make the folder; true if it is ours alone to write: machine code of others is never loaded."""
        try:
            if not self.folder.is_absolute():
                return self._close("there is no home folder")
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            facts = self.folder.stat()
            probe = self.folder / f".{secrets.token_hex(8)}"
            probe.touch()
            probe.unlink()
        except OSError as fault:
            return self._close(fault.strerror)
        if facts.st_uid != os.getuid():
            return self._close("the folder is another user's")
        if facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            return self._close("other users may write there")
        return True

    def _close(self, why: str | None) -> bool:
        self.open = False
        self._tell(f"compiled kernels cannot be kept in {self.folder} ({why}), {ADVICE}")
        return False

    def _tell(self, text: str) -> None:
        if not self._told:
            logging.getLogger(__name__).warning("Warning: %s", text)
        self._told = True


class KernelCache(NullCache):
    """The cache of one function: Numba asks it before it compiles, and tells it afterwards."""

    def __init__(self, vault: Vault, function: Callable):
        self._vault, self._function = vault, function

    def load_overload(self, signature: Any, context: Any) -> Any:
        """The compiled function for these argument types, None if it must be compiled."""
        if not self._vault.open:
            return None
        rtsys.initialize(context)  # what machine code calls; a refresh of all that Numba can compile would take long
        found = self._vault.load(self._name(signature, context.codegen()))
        return found and CompileResult._rebuild(context, *found)

    def save_overload(self, signature: Any, compiled: Any) -> None:
        """Keep what was compiled."""
        self._vault.save(self._name(signature, compiled.codegen), compiled._reduce())

    def _name(self, signature: Any, codegen: Any) -> str:
        """A readable name, and a hash of all that the machine code depends on besides the kernels' sources."""
        function, code = self._function, self._function.__code__
        cells = dumps(tuple(cell.cell_contents for cell in function.__closure__ or ()))
        machine = sys.implementation.cache_tag, codegen.magic_tuple()
        where = function.__module__, function.__qualname__, code.co_firstlineno
        digest = sha256(repr((where, signature, machine, code.co_code, cells)).encode()).hexdigest()
        return f"{function.__module__.split('.')[-2]}-{function.__name__}-{digest[:32]}"


def _seal(name: str, content: bytes) -> bytes:
    return sha256(name.encode() + content).digest()
