"""What can go wrong, each with the exit code a script can rely on."""


def escaped(text: str, kept: str = "\n") -> str:
    """`text` with control characters and lone surrogates spelled out, which a terminal would obey or choke on."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in kept else c.encode("unicode_escape").decode() for c in text)


class DlabError(Exception):
    """A fault to be told in plain words; `exit_code` is what the process returns."""

    exit_code = 1


class SpecError(DlabError):
    """The specification, the command line or the environment is wrong; the text has one line per fault."""

    exit_code = 2


class DataError(DlabError):
    """A data set is missing, damaged or does not fit; the text names file, row or index."""

    exit_code = 3


class CheckpointError(DlabError):
    """A weights file cannot be used."""

    exit_code = 4


class EnvironmentFault(DlabError):
    """The machine says no: device, disk, rights or memory."""

    exit_code = 5


class Diverged(DlabError):
    """The loss is no longer a finite number."""

    exit_code = 6


class Busy(DlabError):
    """Another process holds this run."""

    exit_code = 7


def told(fault: BaseException) -> DlabError | None:
    """A fault in plain words if it is one of ours or of the machine, None if it may be a bug."""
    if isinstance(fault, DlabError):
        return fault
    if isinstance(fault, MemoryError):
        return EnvironmentFault("out of memory: try a smaller train.batch_size or train.eval_batch")
    if isinstance(fault, OSError):
        return EnvironmentFault(": ".join(str(word) for word in (fault.filename, fault.strerror or fault) if word))
    if isinstance(fault, RuntimeError) and "start new thread" in str(fault):
        return EnvironmentFault("the system lets this process start no more threads (see `ulimit -u`)")
    return None


class OptionError(ValueError):
    """An option cannot be used; `field` is its dotted key, such as "rows.1", "" for the thing itself."""

    def __init__(self, message: str, field: str = ""):
        super().__init__(message)
        self.field = field


class ShapeError(OptionError):
    """A layer does not fit its input."""
