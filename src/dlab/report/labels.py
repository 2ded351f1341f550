"""Labels at the ends of curves that keep their distance."""

from collections.abc import Mapping


def apart(heights: Mapping[str, float], room: float) -> dict[str, float]:
    """Heights at least `room` apart and as close to the wanted ones as that allows, in the same order.

    Neighbours that would touch form a block, centred on the mean of what its members want.
    """
    blocks: list[tuple[list[str], float]] = []
    for name in sorted(heights, key=lambda name: heights[name]):
        block = ([name], heights[name])
        while blocks and block[1] - blocks[-1][1] < room * (len(block[0]) + len(blocks[-1][0])) / 2:
            names, middle = blocks.pop()
            share = len(names) / (len(names) + len(block[0]))
            block = (names + block[0], share * middle + (1 - share) * block[1])
        blocks.append(block)
    return {
        name: middle + room * (number - (len(names) - 1) / 2)
        for names, middle in blocks
        for number, name in enumerate(names)
    }
