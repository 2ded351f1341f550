"""Files that dlab knows by name and hash: where they are looked for, and how they are fetched."""

import fcntl
import os
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from platformdirs import user_cache_path

from dlab.errors import DataError, EnvironmentFault

BLOCK = 1 << 16
PARTS = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)


@dataclass(frozen=True)
class Collection:
    """The four files of an MNIST-like set: their hashes, in the order of PARTS, their sizes, and where to get them."""

    name: str
    hashes: tuple[str, ...]
    sizes: tuple[int, ...]
    mirrors: tuple[str, ...]


def cache_folder() -> Path:
    """Where fetched files are kept."""
    return user_cache_path("dlab", appauthor=False) / "data"


def places(name: str, path: str | None = None) -> list[Path]:
    """Folders that may hold a collection, the first choice first."""
    if path:
        return [Path(path)]
    shared = os.environ.get("DLAB_DATA")
    return [*([Path(shared) / name] if shared else []), cache_folder() / name]


def locate(collection: Collection, path: str | None = None) -> Path:
    """The folder with the files; DataError says where was looked and what to do."""
    looked = places(collection.name, path)
    for folder in looked:
        if all((folder / part).is_file() for part in PARTS):
            return folder
    where = " and ".join(map(str, looked))
    raise DataError(
        f"{collection.name} is not here; looked in {where}. Download it with `dlab data fetch {collection.name}`, "
        "set DLAB_DATA to a folder that holds it, or use `-s data.name=digits`, which needs no download"
    )


def verify(collection: Collection, folder: Path) -> None:
    """DataError names a file whose content is not what its publishers put out."""
    for part, wanted in zip(PARTS, collection.hashes, strict=True):
        try:
            found = sha256((folder / part).read_bytes()).hexdigest()
        except OSError as error:
            raise DataError(f"{folder / part}: cannot be read ({error.strerror})") from None
        if found != wanted:
            hint = f"Fetch it again: `dlab data fetch {collection.name}`"
            raise DataError(f"{folder / part}: damaged: its SHA-256 is {found[:12]}..., not {wanted[:12]}.... {hint}")


def fetch(collection: Collection, told: Callable[[str, int, int], object], insecure: bool = False) -> Path:
    """Download what is missing into the cache; `told(file, bytes so far, bytes in all)` hears of progress."""
    folder = cache_folder() / collection.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EnvironmentFault(f"{folder}: cannot be made ({error.strerror})") from None
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for part, digest, size in zip(PARTS, collection.hashes, collection.sizes, strict=True):
            target = folder / part
            if not (target.is_file() and sha256(target.read_bytes()).hexdigest() == digest):
                _fetch_one(collection, target, digest, size, told, insecure)
    return folder


def _fetch_one(collection: Collection, target: Path, digest: str, size: int, told: Callable, insecure: bool) -> None:
    """Try the mirrors in order; what was half loaded goes on where it stopped."""
    part, faults = target.with_name(target.name + ".part"), []
    for mirror in collection.mirrors:
        for _ in range(2):  # once on top of a half-loaded file, once anew
            try:
                _download(mirror + target.name, part, size, told, insecure)
            except (OSError, HTTPException, ValueError) as error:
                faults.append(f"{urlsplit(mirror).netloc}: {error}")
                break
            if sha256(part.read_bytes()).hexdigest() == digest:
                os.replace(part, target)
                return
            part.unlink()
            faults.append(f"{urlsplit(mirror).netloc}: the content has another SHA-256")
    hint = "Copy the files by hand and set DLAB_DATA, or use `-s data.name=digits`, which needs no download"
    raise DataError(f"{target.name} could not be fetched ({'; '.join(faults)}). {hint}")


def _download(url: str, part: Path, size: int, told: Callable, insecure: bool) -> None:
    """Append to `part` what is missing of `size` bytes."""
    if not url.startswith("https://") and not insecure:
        raise ValueError("only https is allowed")
    start = part.stat().st_size if part.exists() else 0
    if start >= size:
        part.unlink()
        start = 0
    request = Request(url, headers={"Range": f"bytes={start}-"} if start else {})
    with urlopen(request, timeout=20) as answer:
        if not answer.url.startswith("https://") and not insecure:
            raise ValueError(f"was sent on to {answer.url[:80]}: only https is allowed")
        done = start if answer.status == 206 else 0
        with part.open("ab" if done else "wb") as file:
            while block := answer.read(BLOCK):
                done += len(block)
                if done > size:
                    raise ValueError(f"more than the {size:,} bytes expected")
                file.write(block)
                told(part.stem, done, size)
    if done < size:
        raise ValueError(f"ended after {done:,} of {size:,} bytes")
