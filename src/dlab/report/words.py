"""Numbers as people read them."""


def share(value: float | None) -> str:
    """An accuracy in percent, '' where there is none."""
    return "" if value is None else f"{100 * value:.2f} %"


def loss(value: float | None) -> str:
    """A loss with four digits, '' where there is none."""
    return "" if value is None else f"{value:.4f}" if 0.001 <= abs(value) < 1000 or value == 0 else f"{value:.3e}"


def duration(seconds: float) -> str:
    """'0.8 s', '42 s', '3:05 min' or '2:10:00 h'."""
    if 0 < seconds < 0.1:
        return f"{1000 * seconds:.1f} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{rest:02} h"
    return f"{minutes}:{rest:02} min" if minutes else f"{rest} s"


def size(count: float) -> str:
    """Bytes in the unit that suits them."""
    if count < 0:
        return f"-{size(-count)}"
    for unit in ("B", "KB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def shape(sizes: tuple[int, ...]) -> str:
    """'6 × 28 × 28'."""
    return " × ".join(map(str, sizes))
