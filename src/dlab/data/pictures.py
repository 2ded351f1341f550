"""Images in files: decoded one by one, and a source of samples that decodes them when a batch asks."""

import io
import warnings
import zlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from dlab.data.decoders import Decoders
from dlab.errors import DataError
from dlab.layout import Shape

MAX_PIXELS = 50_000_000
NAMED = 10  # faults that are told together
PNG = b"\x89PNG\r\n\x1a\n"
TOGETHER = 1024  # files that are read for one look at the set
READERS = 4  # threads that read them: more wait for the disk than for a core


def decode(path: Path, size: int | None, longest: int | None = None) -> np.ndarray:
    """One image as bytes [C, H, W], of size x size or with no side above `longest`; DataError names the file."""
    with opened(path) as file:
        image = file.convert("L" if _grey(file) else "RGB")
        image = image.resize((size, size)) if size else image
        image.thumbnail((longest or image.width, longest or image.height))
        pixels = np.asarray(image)
    return pixels[None] if pixels.ndim == 2 else np.ascontiguousarray(np.moveaxis(pixels, -1, 0))


def measure(path: Path, size: int | None, content: bytes | None = None) -> Shape:
    """The shape that `decode` gives, from the file's header alone."""
    with opened(path, content) as file:
        return (1 if _grey(file) else 3, *((size, size) if size else (file.height, file.width)))


@contextmanager
def opened(path: Path, content: bytes | None = None) -> Iterator[Any]:
    """An image file whose header was read, from `content` if that is given; faults inside become a DataError."""
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path if content is None else io.BytesIO(content)) as file:
                if file.width * file.height > MAX_PIXELS:
                    raise DataError(f"{path}: {file.width}x{file.height} pixels are too many")
                if file.mode[0] in "IF":
                    raise DataError(f"{path}: has more than 8 bits a channel: save it with 8")
                yield file
    except DataError:
        raise
    except Exception as error:  # image decoders raise many kinds
        raise DataError(f"{path}: not a sound image ({str(error)[:80]})") from None


def check_sums(content: bytes, path: Path) -> None:
    """DataError where a PNG is cut or a chunk is not what its checksum says, which decoders let pass."""
    if not content.startswith(PNG):
        return
    at, kind = len(PNG), b""
    while kind != b"IEND":
        size, kind = int.from_bytes(content[at : at + 4]), content[at + 4 : at + 8]
        end = at + 8 + size
        if zlib.crc32(content[at + 4 : end]) != int.from_bytes(content[end : end + 4]) or end + 4 > len(content):
            raise DataError(f"{path}: not a sound image (cut, or a checksum does not match, at byte {at})")
        at = end + 4


def fill(place: np.ndarray, path: Path, size: int | None) -> None:
    """place [C, H, W] = the image; DataError where it has another shape."""
    image = decode(path, size)
    _check_shape(path, image.shape, place.shape)
    place[...] = image


def _check_shape(path: Path, found: Shape, wanted: Shape) -> None:
    if found != wanted:
        raise DataError(f"{path}: is {found}, images before it are {wanted}. Give data.size, or images of one size")


def _grey(file: Any) -> bool:
    return file.mode in ("1", "L", "LA")


class Pictures:
    """Image files as a source of samples [M, C, H, W], decoded when they are read."""

    array: np.ndarray | None = None  # kernels cannot read files

    def __init__(self, paths: Sequence[Path], size: int | None, decoders: Decoders):
        self.paths, self.size, self.decoders = paths, size, decoders
        self.shape: Shape = (len(paths), *measure(paths[0], size))
        self.dtype = np.dtype(np.uint8)

    def read(self, rows: np.ndarray, out: np.ndarray) -> None:
        """out[n] = image rows[n], which was decoded ahead or is decoded now."""
        paths = [self.paths[row] for row in rows]
        if not self.decoders.take(paths, out):
            for path, place in zip(paths, out, strict=True):
                fill(place, path, self.size)

    @contextmanager
    def ahead(self, batches: Iterable[np.ndarray]) -> Iterator[None]:
        """Inside, other processes decode these rows before they are asked for."""
        coming = ([self.paths[row] for row in rows] for rows in batches)
        with self.decoders.ahead(coming, self.shape[1:], self.size):
            yield

    def contents(self, rows: np.ndarray) -> Iterator[bytes]:
        """The SHA-256 of each file; DataError names all whose header is not that of such an image, or that are cut."""
        faults: list[str] = []
        with ThreadPoolExecutor(READERS) as readers:
            for start in range(0, len(rows), TOGETHER):
                for found in readers.map(self._content, rows[start : start + TOGETHER]):
                    if isinstance(found, DataError):
                        faults.append(str(found))
                    else:
                        yield found
        if faults:
            more = [f"and {len(faults) - NAMED} more"] if len(faults) > NAMED else []
            raise DataError("\n".join([*faults[:NAMED], *more]))

    def _content(self, row: int) -> bytes | DataError:
        path = self.paths[row]
        try:
            content = path.read_bytes()
            check_sums(content, path)
            _check_shape(path, measure(path, self.size, content), self.shape[1:])
        except OSError as error:
            return DataError(f"{path}: cannot be read ({error.strerror})")
        except DataError as fault:
            return fault
        return sha256(content).digest()
