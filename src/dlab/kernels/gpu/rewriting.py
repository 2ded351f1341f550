"""A `@cuda.jit` kernel as a function of one thread that compiles for the processor.

    cuda.threadIdx.x, blockIdx, blockDim, gridDim   parameters (x, y, z)
    cuda.syncthreads()                              yield 1: the thread waits until all of its block have come
    cuda.syncwarp()                                 yield 2
    y = cuda.shfl_xor_sync(mask, x, d)              x is laid out, yield 3, that of the lane is taken, yield 4
    y = over_warp(x)                                five such shuffles
    a = cuda.shared.array(shape, kind)              a parameter, the same array for all threads of a block
    a = cuda.local.array(shape, kind)               an array of its own

All threads of a block must come to the same barrier: also to those of a warp, which is more than a GPU asks for.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable
from functools import cache
from types import CellType, FunctionType
from typing import Any

import numpy as np
from numba import njit

from dlab.kernels.gpu.language import over_warp

PLACES = {"threadIdx": "_thread", "blockIdx": "_place", "blockDim": "_block", "gridDim": "_grid"}
BARRIERS = {"syncthreads": 1, "syncwarp": 2}
SOURCES = {  # the lane that a shuffle reads, from the own lane l and the distance d
    "shfl_xor_sync": "{l} ^ {d}",
    "shfl_down_sync": "{l} + {d} if {l} + {d} < 32 else {l}",
    "shfl_sync": "{d}",
}
LINEAR = "(_thread[0] + _block[0] * (_thread[1] + _block[1] * _thread[2]))"
Shared = list[tuple[Any, np.dtype]]


def rewritten(kernel: Any) -> tuple[Callable[..., Any], Shared, int]:
    """The thread (thread, place, block, grid, lanes, *shared, *arguments), its shared arrays, and how many barriers."""
    function = kernel.py_func
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    definition = tree.body[0]
    assert isinstance(definition, ast.FunctionDef)
    rewriter, definition.decorator_list = _Rewriter(), []
    definition = rewriter.visit(definition)
    own = ["_thread", "_place", "_block", "_grid", "_lanes", *(name for name, *_ in rewriter.shared)]
    definition.args.args = [*map(ast.arg, own), *definition.args.args]
    tree.body[0] = ast.fix_missing_locations(definition)
    names = _names(function)
    exec(compile(tree, f"<{function.__name__} by threads>", "exec"), names)
    shared = [(eval(shape, names), np.dtype(eval(kind, names))) for _, shape, kind in rewriter.shared]
    return names[function.__name__], shared, rewriter.barriers


class _Rewriter(ast.NodeTransformer):
    def __init__(self) -> None:
        self.shared: list[tuple[str, str, str]] = []
        self.barriers = 0

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        """cuda.threadIdx.x -> _thread[0]."""
        path = _path(node)
        if len(path) == 2 and path[0] in PLACES:
            return _expression(f"{PLACES[path[0]]}[{'xyz'.index(path[1])}]")
        if path:
            raise SyntaxError(f"the emulator does not know cuda.{'.'.join(path)}")
        return self.generic_visit(node)  # type: ignore[return-value]

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        """cuda.syncthreads() -> yield 1."""
        path = _path(node.value.func) if isinstance(node.value, ast.Call) else ()
        return self._barrier(BARRIERS[path[0]]) if path and path[0] in BARRIERS else self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> ast.AST | list[ast.stmt] | None:
        """Arrays and shuffles."""
        if not isinstance(node.value, ast.Call):
            return self.generic_visit(node)
        if isinstance(node.value.func, ast.Name) and node.value.func.id == "over_warp":
            return self.visit(_inlined(over_warp.py_func, ast.unparse(node.targets[0]), node.value.args[0])).body
        path = _path(node.value.func)
        if not path:
            return self.generic_visit(node)
        name, arguments = ast.unparse(node.targets[0]), node.value.args
        if path == ("shared", "array"):
            self.shared.append((name, ast.unparse(arguments[0]), ast.unparse(arguments[1])))
            return None
        if path == ("local", "array"):
            shape, kind = map(ast.unparse, arguments)
            return ast.parse(f"{name} = np.full({shape}, np.nan).astype({kind})").body[0]
        if path[0] in SOURCES:
            _, value, distance = (ast.unparse(self.visit(argument)) for argument in arguments)
            lane = SOURCES[path[0]].format(l=f"({LINEAR} % 32)", d=f"({distance})")
            given = ast.parse(f"_lanes[{LINEAR}] = {value}").body[0]
            taken = ast.parse(f"{name} = _lanes[{LINEAR} // 32 * 32 + ({lane})]").body[0]
            return [given, self._barrier(3), taken, self._barrier(4)]
        return self.generic_visit(node)

    def _barrier(self, kind: int) -> ast.Expr:
        self.barriers += 1
        return ast.Expr(ast.Yield(ast.Constant(kind)))


def _inlined(function: Callable[..., Any], name: str, argument: ast.expr) -> ast.Module:
    """`name = function(argument)` as the function's own lines, in which `name` is its parameter and result.

    Its other names become the kernel's: a loop of the same names must not be around it.
    """
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    assert isinstance(definition, ast.FunctionDef)
    parameter, (_, *lines, _) = definition.args.args[0].arg, definition.body  # without docstring and return
    for node in (node for line in lines for node in ast.walk(line) if isinstance(node, ast.Name)):
        node.id = {parameter: name}.get(node.id, node.id)
    return ast.parse("\n".join([f"{name} = {ast.unparse(argument)}", *map(ast.unparse, lines)]))


def _path(node: ast.expr) -> tuple[str, ...]:
    """("shared", "array") for cuda.shared.array, () for what is not of cuda."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.insert(0, node.attr)
        node = node.value
    return tuple(names) if isinstance(node, ast.Name) and node.id == "cuda" else ()


def _expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _names(function: Callable[..., Any]) -> dict[str, Any]:
    """What a function sees, with device functions compiled for the processor."""
    cells = (cell.cell_contents for cell in function.__closure__ or ())
    seen = {**function.__globals__, **dict(zip(function.__code__.co_freevars, cells, strict=True)), "np": np}
    used = _used(function.__code__)
    return {name: _translated(value) if name in used else value for name, value in seen.items()}


def _used(code: Any) -> set[str]:
    return {*code.co_names, *code.co_freevars}


def _translated(value: Any) -> Any:
    is_device = hasattr(value, "py_func") and "cuda" in type(value).__module__
    return _device_function(value.py_func) if is_device else value


@cache
def _device_function(function: Callable[..., Any]) -> Any:
    """A function that kernels call, and all that it calls itself."""
    names = _names(function)
    cells = tuple(CellType(names[name]) for name in function.__code__.co_freevars)
    return njit(FunctionType(function.__code__, names, function.__name__, function.__defaults__, cells))
