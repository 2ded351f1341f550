"""Where specs are, and their text."""

import os
import stat
from pathlib import Path

from dlab.errors import SpecError
from dlab.registry import suggestion
from dlab.spec.faults import Fault, Place, printable, refused

MOST_BYTES = 256 * 1024
PACKAGE = Path(__file__).resolve().parents[1]
HOMES = (PACKAGE / "experiments", PACKAGE.parents[1] / "experiments")  # in an installed wheel, in a source checkout
KINDS = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}


def shipped() -> dict[str, Path]:
    """The specs that come with dlab, by name."""
    home = next((folder for folder in HOMES if folder.is_dir()), None)
    return {path.stem: path for path in sorted(home.glob("*.yaml"))} if home else {}


def find(source: str | Path) -> Path:
    """The file that `source` names: a path, or a spec that ships with dlab, with or without .yaml."""
    path = Path(source)
    kind = _kind(path)
    if kind == "a file":
        return path
    if kind:
        raise SpecError(f"{printable(str(source))}: is {kind}. A spec is a YAML file")
    ours = shipped()
    name = str(source).removesuffix(".yaml")
    if name in ours:
        return ours[name]
    near = suggestion(name, list(ours)) or f" Specs that come with dlab: {', '.join(ours)}"
    raise SpecError(f"{printable(str(source))}: there is no such file.{near}")


def _kind(path: Path) -> str:
    """What stands at `path`, "" for nothing; found without opening it, since opening a pipe waits for a writer."""
    try:
        mode = os.stat(path).st_mode
    except PermissionError:
        return "not readable"
    except (OSError, ValueError):
        return ""
    return "a file" if stat.S_ISREG(mode) else KINDS.get(stat.S_IFMT(mode), "a device")


def read(path: Path, name: str) -> str:
    """The text of a spec file, its line ends as line feeds; `name` stands in the messages."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise SpecError(f"{name}: cannot be read: {error.strerror}") from None
    if len(data) > MOST_BYTES:
        raise SpecError(f"{name}: is larger than {MOST_BYTES // 1024} KiB, too large for a spec")
    return _decoded(data, name).replace("\r\n", "\n").replace("\r", "\n")


def _decoded(data: bytes, name: str) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise refused([Fault(Place(name, 1, 1), (), "the text is UTF-16: save as UTF-8")])
    try:
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        message = f"the byte 0x{data[error.start]:02X} is not UTF-8: save as UTF-8"
        raise refused([Fault(_place(data[: error.start], name), (), message)]) from None
    if "\0" in text:
        raise refused([Fault(_place(data[: data.index(0)], name), (), "a zero byte stands here: save as UTF-8")])
    return text


def _place(before: bytes, name: str) -> Place:
    """The place after the bytes `before`, which are UTF-8."""
    text = before.decode("utf-8").removeprefix("\ufeff")
    return Place(name, text.count("\n") + 1, len(text) - text.rfind("\n"))
