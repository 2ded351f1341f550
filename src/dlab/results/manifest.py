"""What a checkpoint consists of: a small JSON file that is written last, so that what has one is complete.

    {"sha256": of all the rest, "format": 2, "dlab": "0.1.0", "step": 938,
     "state": {"bytes": 1490232, "sha256": ...},                                       # step-938.safetensors
     "tables": {"results.csv": {"bytes": 231, "sha256": ...}, "timing.csv": ...},      # their beginnings at that step
     "data": SHA-256 of the data set, "spec": all settings, "versions": of what computed it}

Every format has the first three, and its `sha256` is made in this way.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

from dlab import __version__
from dlab.errors import CheckpointError
from dlab.results.durable import Content

FORMAT = 2
LARGEST = 1 << 20  # bytes of a manifest: more is none
CHUNK = 1 << 20


class Damaged(CheckpointError):
    """A checkpoint is not as it was written."""


class Incomplete(CheckpointError):
    """A checkpoint was never finished, or a part of it is gone."""


@dataclass(frozen=True)
class Part:
    """The first bytes of a file, and their SHA-256."""

    bytes: int
    sha256: str

    @classmethod
    def made_of(cls, *pieces: Content) -> Self:
        """The part that these pieces are."""
        digest = sha256()
        for piece in pieces:
            digest.update(piece)
        return cls(sum(len(piece) for piece in pieces), digest.hexdigest())

    @classmethod
    def of(cls, path: Path, length: int) -> Self:
        """The part that a file has now; a file that is shorter gives a shorter part."""
        digest, left = sha256(), length
        with path.open("rb") as file:
            while left and (chunk := file.read(min(left, CHUNK))):
                digest.update(chunk)
                left -= len(chunk)
        return cls(length - left, digest.hexdigest())

    def check(self, path: Path, whole: bool = False) -> None:
        """Damaged unless a file begins so; `whole`: unless it is so."""
        if not path.is_file():
            raise Damaged(f"{path} is missing")
        size = path.stat().st_size
        if size < self.bytes or (whole and size > self.bytes):
            raise Damaged(f"{path} has {size:,} bytes, and not the {self.bytes:,} that were written")
        if Part.of(path, self.bytes) != self:
            raise Damaged(f"{path} is not as it was written (checksum mismatch)")


@dataclass(frozen=True)
class Manifest:
    """Everything about a checkpoint but its arrays and rows."""

    step: int
    state: Part
    tables: Mapping[str, Part]
    data: str
    spec: Mapping[str, Any]
    versions: Mapping[str, Any]

    def encode(self) -> bytes:
        """As a file."""
        parts = {"state": asdict(self.state), "tables": {name: asdict(part) for name, part in self.tables.items()}}
        body = {"format": FORMAT, "dlab": __version__, **vars(self), **parts}
        return json.dumps({"sha256": seal(body), **body}, indent=1).encode()


def read(path: Path) -> Manifest:
    """The manifest in a file; Damaged, or a plain CheckpointError if another dlab wrote it."""
    body = _body(path)
    if body.get("format") != FORMAT:
        raise CheckpointError(
            f"{path} was written by dlab {body.get('dlab')} in checkpoint format {body.get('format')}; "
            f"this is dlab {__version__}, which reads format {FORMAT}"
        )
    try:
        tables = {str(name): _part(part) for name, part in body["tables"].items()}
        facts = str(body["data"]), dict(body["spec"]), dict(body["versions"])
        return Manifest(int(body["step"]), _part(body["state"]), tables, *facts)
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        raise Damaged(f"{path} is not a manifest of a checkpoint ({fault!r})") from fault


def _body(path: Path) -> dict[str, Any]:
    if not path.is_file() or path.stat().st_size > LARGEST:
        raise Damaged(f"{path} is not a manifest of a checkpoint")
    try:
        body = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as fault:
        raise Damaged(f"{path} is not as it was written (no JSON)") from fault
    if not isinstance(body, dict) or body.pop("sha256", None) != seal(body):
        raise Damaged(f"{path} is not as it was written (checksum mismatch)")
    return body


def _part(found: Mapping[str, Any]) -> Part:
    return Part(int(found["bytes"]), str(found["sha256"]))


def seal(body: Mapping[str, Any]) -> str:
    """The checksum that a manifest has of all the rest."""
    return sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
