"""How the results of the filter demonstrations are held against what the lectures say of them."""

from reference import Finding, Results, numbers


def im2col(found: dict[str, Results]) -> list[Finding]:
    """X10."""
    rows = [[float(row[f"x{k}"]) for k in range(9)] for row in found["filters"].table("im2col.csv")]
    printed_first, printed_last = [51, 70, 12, 12, 36, 1, 82, 61, 73], [3, 24, 17, 56, 1, 64, 51, 74, 62]
    told = f"{len(rows)} rows of {len(rows[0])}; the first {numbers(rows[0])}"
    return [("the rows that L3 prints", told, len(rows) == 8 and rows[0] == printed_first and rows[-1] == printed_last)]


def filters(found: dict[str, Results]) -> list[Finding]:
    """X11."""
    one = found["filters"].arrays("numbers.npz")
    edge, mean, sobel = (one[f"cross-correlation {n}"] for n in range(3))
    return [
        ("a vertical edge kernel answers 0 30 30 0 to the edge", numbers(edge[0]), (edge == [0, 30, 30, 0]).all()),
        ("true convolution turns the sign", numbers(one["convolution 0"][0]), (one["convolution 0"] == -edge).all()),
        ("a mean smooths the edge", numbers(mean[0]), abs(mean[0] - [1, 2 / 3, 1 / 3, 0]).max() < 1e-6),
        ("Sobel finds it, turned it does not", numbers(sobel[0]), not one["cross-correlation 4"].any()),
    ]


def gabor(found: dict[str, Results]) -> list[Finding]:
    """X12."""
    rows = [row for row in found["gabor"].table("bank.csv") if row["image"].startswith("grating")]
    answers = {(float(row["f"]), float(row["theta"])): float(row["response"]) for row in rows}
    best = max(answers, key=lambda place: answers[place])
    crossed = answers[best[0], (best[1] + 90) % 180]
    told = f"largest {answers[best]:.2f} at {best[1]:g} degrees and f {best[0]:g}; {crossed:.2f} at right angles"
    return [("a grating at 45 degrees is answered by the filter of its angle and frequency", told, best == (0.5, 45))]


def cells(found: dict[str, Results]) -> list[Finding]:
    """X15."""
    phases, shifts = (found["cells"].table(name) for name in ("cells.csv", "tolerance.csv"))
    even, energy = ([float(row[name]) for row in phases] for name in ("even", "energy"))
    alone, pooled = ([float(row[name]) for row in shifts] for name in ("one place", "4x4 pooled"))
    return [
        (
            "a simple cell follows the phase, a complex one does not",
            f"real part from {min(even):.1f} to {max(even):.1f}, energy from {min(energy):.2f} to {max(energy):.2f}",
            min(even) < -0.9 * max(even) and min(energy) > 0.99 * max(energy),
        ),
        (
            "a pooled answer stays while the bar moves",
            f"shifted by 0 to 3 pixels: {numbers(alone[:4])} at one place, {numbers(pooled[:4])} pooled over 4x4",
            alone[1] < 0.1 * alone[0] and min(pooled[:4]) == max(pooled[:4]),
        ),
    ]
