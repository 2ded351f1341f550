"""All results are written by `durable`: whatever else in the sources opens, makes or removes a file is listed here."""

import ast
from pathlib import Path

SOURCES = Path(__file__).parents[2] / "src" / "dlab"
CALLS = {
    *("write_text", "write_bytes", "mkdir", "makedirs", "touch", "unlink", "rmdir", "rmtree", "remove", "truncate"),
    *("rename", "replace", "renames", "link", "symlink", "symlink_to", "hardlink_to", "link_to", "copy", "copyfile"),
    *("copytree", "move", "savefig", "tofile", "save_file", "save", "savez", "savetxt", "dump", "mkstemp", "mkdtemp"),
    *("NamedTemporaryFile", "TemporaryFile", "FileHandler", "memmap", "open_memmap", "open", "fdopen"),
}

# What writes beside the results, or calls something else by such a name.
NONE_OF_THE_RESULTS = {
    "cli/group.py": {"mkstemp", "fdopen"},  # the log of an internal error
    "cli/health.py": {"mkdir", "TemporaryFile"},  # tries whether a folder can be written to
    "data/": CALLS,  # data sets are fetched and unpacked into a cache of their own
    "kernels/cache.py": {"mkdir", "open", "touch", "unlink"},  # compiled kernels
    "report/output.py": {"open"},  # /dev/null, in the place of a terminal that went away
    "results/durable.py": CALLS,
    "results/findings.py": {"savez"},  # into memory
    "spec/specification.py": {"dump"},  # into a string
    "streams.py": {"open"},  # /dev/null, in the place of a stream that is closed
}
INNOCENT = {"replace", "copy", "link", "save", "remove"}  # of strings, records, arrays and lists


def written(path: Path) -> set[str]:
    """Names of the calls in a file that may write; `open` only where a mode that writes is given, or a name is."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            owner = getattr(getattr(node.func, "value", None), "id", "")
            if name in CALLS and owner != "durable" and not _harmless(name, owner, node):
                found.add(name)
    return found


def _harmless(name: str, owner: str, call: ast.Call) -> bool:
    if name in INNOCENT:
        return owner not in ("os", "shutil", "np", "numpy")
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    modes = [set(str(value.value)) for value in given if isinstance(value, ast.Constant)]
    return name == "open" and owner != "os" and not any(mode & set("wax+") and mode <= set("rwabxt+") for mode in modes)


def test_nothing_else_writes_results():
    odd = {}
    for path in SOURCES.rglob("*.py"):
        name = path.relative_to(SOURCES).as_posix()
        allowed = set().union(*(calls for place, calls in NONE_OF_THE_RESULTS.items() if name.startswith(place)))
        if found := written(path) - allowed:
            odd[name] = found
    assert not odd


def test_the_search_finds_what_it_is_for(tmp_path):
    (tmp_path / "a.py").write_text("""
path.open("w"); open(path, "ab"); path.write_text("x"); os.replace(a, b); figure.savefig(path); shutil.copy(a, b)
np.savez(path); os.open(path, flags); text.replace("a", "b"); path.open(); open(path, "rb"); durable.replace(path, b"")
""")
    assert written(tmp_path / "a.py") == {"open", "write_text", "replace", "savefig", "copy", "savez"}
