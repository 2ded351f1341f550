"""Tasks shared among the workers of a kernel: `for task in tasks(worker, count)`.

Each of n workers begins with its n-th of the tasks, and takes a piece of them at a time.  One that has done its part
helps others: who adds to a part's counter has the tasks that it passed.  Cores of a shared machine are not equally
fast, and all would wait for the slowest; where they are, each does the same tasks in every kernel, and finds in its
cache what it wrote before.
"""

from numba import types
from numba.core import cgutils
from numba.core.datamodel import models
from numba.core.imputils import RefType, iternext_impl, lower_builtin
from numba.extending import intrinsic, register_model

from dlab.kernels.workers import LINE, NUMBER, NUMBERS, call_workers, write_down

PIECES = 16  # in which a part is taken
HELPED = 3  # others, at most: to look at all of a large machine would take longer than the tasks


class _Tasks(types.SimpleIterableType):
    def __init__(self) -> None:
        super().__init__("tasks", iterator)


class _Iterator(types.SimpleIteratorType):
    def __init__(self) -> None:
        super().__init__("task_iterator", types.intp)


iterator = _Iterator()
some_tasks = _Tasks()


@register_model(_Tasks)
class _TasksModel(models.StructModel):
    def __init__(self, manager, fe_type):
        fields = [(name, types.intp) for name in ("count", "index", "workers", "counters")]
        super().__init__(manager, fe_type, fields)


@register_model(_Iterator)
class _IteratorModel(models.StructModel):
    def __init__(self, manager, fe_type):
        moving = [(name, types.EphemeralPointer(types.intp)) for name in ("task", "stop", "part", "left")]
        super().__init__(manager, fe_type, moving + [(name, types.intp) for name in ("count", "workers", "counters")])


@intrinsic
def tasks(typingctx, worker, count):
    """Those of `count` tasks that this worker does: its part, and what others have left of theirs."""

    def generate(context, builder, signature, args):
        found = cgutils.create_struct_proxy(some_tasks)(context, builder)
        found.index, found.workers, found.counters = _begin(context, builder, args[0])
        found.count = context.cast(builder, args[1], signature.args[1], types.intp)
        return found._getvalue()

    return some_tasks(worker, count), generate


@intrinsic
def own_tasks(typingctx, worker, count):
    """The range of those of `count` tasks that are this worker's and nobody else's."""

    def generate(context, builder, signature, args):
        index, workers, _ = _begin(context, builder, args[0])
        count = context.cast(builder, args[1], signature.args[1], types.intp)
        works = builder.icmp_signed(">", workers, NUMBER(0))
        found = cgutils.create_struct_proxy(signature.return_type)(context, builder)
        workers, count = builder.select(works, workers, NUMBER(1)), builder.select(works, count, NUMBER(0))
        found.start, found.stop = _part(builder, count, index, workers)
        found.step = NUMBER(1)
        return found._getvalue()

    return types.range_state64_type(worker, count), generate


def _begin(context, builder, worker):
    """(index, workers, counters) of a worker, once a caller who is none has had its tasks done, or written down."""
    index, workers, counters = cgutils.unpack_tuple(builder, worker, 3)
    with builder.if_then(builder.icmp_signed("==", workers, NUMBER(0))):
        call_workers(builder)
    with builder.if_then(builder.icmp_signed("<", workers, NUMBER(0))):
        write_down(context, builder, index)
    return index, workers, counters


def _part(builder, count, index, workers):
    """The first task of a part, and the one after its last."""
    return (builder.sdiv(builder.mul(count, i), workers) for i in (index, builder.add(index, NUMBER(1))))


@lower_builtin("getiter", _Tasks)
def _begin_tasks(context, builder, signature, args):
    """One worker has all tasks at hand at once; one of several takes them as it goes; a caller has none."""
    given = cgutils.create_struct_proxy(some_tasks)(context, builder, args[0])
    found = cgutils.create_struct_proxy(iterator)(context, builder)
    found.count, found.workers, found.counters = given.count, given.workers, given.counters
    several = builder.icmp_signed(">", given.workers, NUMBER(1))
    alone = builder.icmp_signed("==", given.workers, NUMBER(1))
    limit = builder.select(
        builder.icmp_signed("<", given.workers, NUMBER(HELPED + 1)), given.workers, NUMBER(HELPED + 1)
    )
    starts = {"task": NUMBER(0), "stop": builder.select(alone, given.count, NUMBER(0)), "part": given.index}
    starts["left"] = builder.select(several, limit, NUMBER(0))
    for name, value in starts.items():
        setattr(found, name, cgutils.alloca_once_value(builder, value))
    return found._getvalue()


@lower_builtin("iternext", _Iterator)
@iternext_impl(RefType.UNTRACKED)
def _next_task(context, builder, signature, args, result):
    """The next of the tasks at hand, which are taken a piece of a part at a time."""
    state = cgutils.create_struct_proxy(iterator)(context, builder, args[0])
    with builder.if_then(builder.icmp_signed(">=", builder.load(state.task), builder.load(state.stop))):
        _take_piece(builder, state)
    task = builder.load(state.task)
    found = builder.icmp_signed("<", task, builder.load(state.stop))
    result.set_valid(found)
    with builder.if_then(found):
        result.yield_(task)
        builder.store(builder.add(task, NUMBER(1)), state.task)


def _take_piece(builder, state):
    """Have the next piece of the present part at hand, or of the next part where tasks are left, if there is any."""
    next_part, look, take, leave, done = (builder.append_basic_block() for _ in range(5))
    builder.branch(next_part)
    builder.position_at_end(next_part)
    left, part = builder.load(state.left), builder.load(state.part)
    builder.cbranch(builder.icmp_signed(">", left, NUMBER(0)), look, done)

    builder.position_at_end(look)
    first, after = _part(builder, state.count, part, state.workers)
    size = builder.sub(after, first)
    counter = builder.inttoptr(builder.add(state.counters, builder.mul(part, NUMBER(8 * LINE))), NUMBERS)
    builder.cbranch(builder.icmp_signed("<", builder.load_atomic(counter, "monotonic", 8), size), take, leave)

    builder.position_at_end(take)
    grain = builder.add(builder.udiv(size, NUMBER(PIECES)), NUMBER(1))
    begin = builder.atomic_rmw("add", counter, grain, "monotonic")
    end = builder.add(begin, grain)
    end = builder.select(builder.icmp_signed("<", end, size), end, size)
    builder.store(builder.add(first, begin), state.task)
    builder.store(builder.add(first, end), state.stop)
    builder.cbranch(builder.icmp_signed("<", begin, size), done, leave)

    builder.position_at_end(leave)
    following = builder.add(part, NUMBER(1))
    wraps = builder.icmp_signed("==", following, state.workers)
    builder.store(builder.select(wraps, NUMBER(0), following), state.part)
    builder.store(builder.sub(left, NUMBER(1)), state.left)
    builder.branch(next_part)
    builder.position_at_end(done)
