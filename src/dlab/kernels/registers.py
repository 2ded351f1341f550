"""Tiles: small fixed arrays of vectors that live in registers.

Loops over a tile have constant bounds, so LLVM unrolls them and keeps the tile in registers: an accumulator never
touches memory between two multiply-adds.
"""

from llvmlite import ir
from numba import types
from numba.core.datamodel import models
from numba.extending import intrinsic, register_model

from dlab.kernels.lanes import I32, VECTOR, vector
from dlab.layout import LANES


class _Tile(types.Type):
    def __init__(self) -> None:
        super().__init__("f32x16_tile")


tile_type = _Tile()


@register_model(_Tile)
class _TileModel(models.PrimitiveModel):
    def __init__(self, manager, fe_type):
        super().__init__(manager, fe_type, VECTOR.as_pointer())


@intrinsic(prefer_literal=True)
def tile(typingctx, size):
    """Room for `size` vectors, a constant."""
    if not isinstance(size, types.IntegerLiteral):
        return None
    count = size.literal_value

    def generate(context, builder, signature, args):
        with builder.goto_entry_block():
            memory = builder.alloca(ir.ArrayType(VECTOR, count))
            memory.align = 64
        nought = ir.Constant(I32, 0)
        return builder.gep(memory, [nought, nought])

    return tile_type(size), generate


@intrinsic
def get(typingctx, room, index):
    """Vector number `index` of a tile."""

    def generate(context, builder, signature, args):
        place = context.cast(builder, args[1], signature.args[1], types.intp)
        return builder.load(builder.gep(args[0], [place]), align=64)

    return vector(room, index), generate


@intrinsic
def put(typingctx, room, index, value):
    """Vector number `index` of a tile = value."""

    def generate(context, builder, signature, args):
        place = context.cast(builder, args[1], signature.args[1], types.intp)
        builder.store(args[2], builder.gep(args[0], [place]), align=64)
        return context.get_dummy_value()

    return types.void(room, index, value), generate


@intrinsic
def transpose(typingctx, room):
    """Turn a tile of 16 vectors: lane l of vector v changes places with lane v of vector l.

    Four rounds swap halves, quarters, pairs and neighbours: 64 shuffles instead of 256 scalar moves.
    """

    def generate(context, builder, signature, args):
        places = [builder.gep(args[0], [ir.Constant(I32, v)]) for v in range(LANES)]
        rows = [builder.load(place, align=64) for place in places]
        for step in (1, 2, 4, 8):
            low = [LANES + t - step if t & step else t for t in range(LANES)]
            high = [LANES + t if t & step else t + step for t in range(LANES)]
            masks = [ir.Constant(ir.VectorType(I32, LANES), mask) for mask in (low, high)]
            for v in range(LANES):
                if not v & step:
                    pair = rows[v], rows[v | step]
                    rows[v], rows[v | step] = (builder.shuffle_vector(*pair, mask) for mask in masks)
        for row, place in zip(rows, places, strict=True):
            builder.store(row, place, align=64)
        return context.get_dummy_value()

    return types.void(room), generate


@intrinsic
def totals(typingctx, room):
    """The sum of the lanes of each of 16 vectors, in the lane of its number: the tree of `lanes.total` for all at once.

    Each round adds halves of two neighbours and lays the results side by side: 30 shuffles instead of 64.
    """

    def generate(context, builder, signature, args):
        rows = [builder.load(builder.gep(args[0], [ir.Constant(I32, v)]), align=64) for v in range(LANES)]
        for width in (16, 8, 4, 2):
            low = [start + t for start in range(0, 2 * LANES, width) for t in range(width // 2)]
            masks = [ir.Constant(ir.VectorType(I32, LANES), [t + ahead for t in low]) for ahead in (0, width // 2)]
            pairs = zip(rows[::2], rows[1::2], strict=True)
            rows = [builder.fadd(*(builder.shuffle_vector(*pair, mask) for mask in masks)) for pair in pairs]
        return rows[0]

    return vector(room), generate
