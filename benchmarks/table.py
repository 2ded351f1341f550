"""The tables of README.md, made from the JSON files.

python benchmarks/table.py    rewrites what stands between the two marks in README.md
"""

import json
from statistics import median

from gpu import verdict
from harness import HERE, RESULTS
from neighbours import QUIET

BEGIN, END = "<!-- tables: made by table.py -->", "<!-- end of tables -->"


def read(name: str) -> dict | None:
    """A benchmark's figures, or None if it has not run."""
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else None


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    """Lines of a Markdown table; all columns but the first are numbers."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return ["| " + " | ".join(cells) + " |" for cells in (head, rule, *rows)]


def disturbed(found: dict, key: str = "other_cores") -> str:
    """A mark for figures during which others kept the processor busy."""
    return " (disturbed)" if found[key] > QUIET else ""


def ms(row: dict, name: str | None) -> str:
    """A contender's milliseconds."""
    each = row["contenders"].get(name)
    return f"{each['ms']:.3g}" if each else "-"


def compared_row(row: dict, label: str, peers: tuple[str, ...]) -> list[str]:
    """A row's cells."""
    own, faster = row["contenders"].get("dlab"), row["dlab_is_faster_by"]
    torch = row["pytorch_best"]
    share = own and own["share_of_fma_limit"]
    return [
        label + disturbed(row),
        ms(row, "dlab"),
        f"{ms(row, torch)} ({torch.removeprefix('torch ')})" if torch else "-",
        *(ms(row, peer) for peer in peers),
        *(f"{faster[peer]:.2g} x" if peer in faster else "-" for peer in ("pytorch_best", *peers)),
        f"{own['gflops']:.0f}" if own else "-",
        f"{share:.0%}" if share else "-",
    ]


def compared_table(found: dict, what: str, peers: tuple[str, ...]) -> list[str]:
    """A comparison: everybody's milliseconds, and how many times faster dlab is."""
    names = {"jax": "JAX", "numpy": "NumPy"}
    head = [what, "dlab", "PyTorch best", *(names[peer] for peer in peers)]
    head += ["v PyTorch", *(f"v {names[peer]}" for peer in peers), "dlab GFLOP/s", "of the FMA limit"]
    rows = [compared_row(row, row["name"], peers) for row in found["rows"]]
    return [*table(head, rows), "", note(found, f"{found['threads']} threads, float32, medians of {found['rounds']}")]


def step_table(found: dict) -> list[str]:
    """Training steps."""
    return compared_table(found, "ms per training step", ("jax", "numpy"))


def layers_table(found: dict) -> list[str]:
    """Single convolutions."""
    return compared_table(found, "ms per pass of a convolution", ())


def inference_table(found: dict) -> list[str]:
    """Evaluations."""
    return compared_table(found, "ms per evaluated batch", ("jax",))


def busy_table(found: dict) -> list[str]:
    """A quiet and a busy machine."""
    rows = []
    for name, quiet in found["quiet"].items():
        slow = found["busy"][name]["ms"]
        rows.append([name, f"{quiet['ms']:.3g}", f"{slow:.3g}", f"{slow / quiet['ms']:.1f} x"])
    head = [f"{found['network']}, batch {found['batch']}, ms per step", "quiet", "busy", "slower by"]
    mark = disturbed(found, "other_cores_when_quiet")
    return [*table(head, rows), "", note(found, f"busy: {found['neighbours']} spinning processes{mark}")]


def start_table(found: dict) -> list[str]:
    """Start and memory."""
    rows = [
        ["to the first step, empty kernel cache", f"{found['cold_seconds']:.2f} s"],
        ["to the first step, full kernel cache", f"{found['warm_seconds']:.2f} s"],
        ["one epoch of MNIST, start and evaluation included", f"{found['epoch_seconds']:.2f} s"],
        ["most memory in that epoch", f"{found['peak_mib']:.0f} MiB"],
    ]
    return [*table([f"`dlab train {found['spec']}`", ""], rows), "", note(found, f"{found['threads']} threads")]


def optimizer_row(row: dict) -> list[str]:
    """A row's cells."""
    torch, faster = row["pytorch_best"], row["dlab_is_faster_by"]
    shares = (row[f"share_of_{name}"] for name in ("copy", "copy_and_fetch", "bare_pass"))
    return [
        row["optimizer"] + disturbed(row),
        str(row["bytes"]),
        ms(row, "dlab"),
        f"{row['contenders']['dlab']['gigabytes_per_second']:.0f}",
        *(f"{share:.0%}" for share in shares),
        f"{ms(row, torch)} ({torch.removeprefix('torch ')})" if torch else "-",
        f"{faster:.2f} x" if torch else "-",
    ]


def optimizer_table(found: dict) -> list[str]:
    """Steps of optimizers."""
    head = [f"ms per step, {found['size'] // 1_000_000} million parameters", "bytes each", "dlab", "GB/s"]
    head += ["of a copy", "its fetches counted", "of a bare pass", "PyTorch best", "v PyTorch"]
    rows = [optimizer_row(row) for row in found["rows"]]
    return [*table(head, rows), "", note(found, f"{found['threads']} threads, float32, medians of {found['rounds']}")]


def study_table(found: dict) -> list[str]:
    """A whole comparison."""
    least = {name: min(each) for name, each in found["seconds"].items()}
    rows = [[name, f"{median(each):.1f}", f"{least[name]:.1f}"] for name, each in found["seconds"].items()]
    head = ["`dlab compare-optimizers optimizers.yaml`, 30 trainings, seconds", "median", "least"]
    words = f"dlab is faster than the best of PyTorch by {found['faster']:.1f} x; {found['rounds']} rounds"
    return [*table(head, rows), "", note(found, words)]


def rounds_table(found: dict) -> list[str]:
    """The dearest kernels of a step on one thread and on two."""
    rows = []
    for row in found["rows"]:
        one, two = row["threads_1"], row["threads_2"]
        name = f"{row['network']}, batch {row['batch']}"
        dearest = sorted(one["kernels"], key=lambda kernel: -one["kernels"][kernel])[:5]
        times = [("the step", one["step"], two["step"])]
        times += [(kernel, one["kernels"][kernel], two["kernels"][kernel]) for kernel in dearest]
        rows += [[f"{name}: {what}", f"{a:.0f}", f"{b:.0f}", f"{b / a:.2f}"] for what, a, b in times]
        rows.append([f"{name}: waiting", f"{one['waiting']:.0f}", f"{two['waiting']:.0f}", ""])
    head = ["us", "1 thread", "2 threads", "of it"]
    return [*table(head, rows), "", note(found, f"means of the fastest tenth of {found['steps']} steps")]


def checkpointing_table(found: dict) -> list[str]:
    """Training with and without checkpoints."""
    rows = []
    for row in found["rows"]:
        for how, each in row["contenders"].items():
            name = f"{row['network']}, batch {row['batch']}, {how}{disturbed(row)}"
            against = [f"{row['ratio']:.3f} x", f"{row['share']:.1%}"] if how != "without" else ["", ""]
            rows.append([name, f"{each['ms']:.4g}", f"{each['cpu_ms']:.4g}", *against])
    head = ["ms per epoch", "dlab", "processor time", "of the epoch before or after, without", "time spent saving"]
    return [*table(head, rows), "", note(found, f"medians of {found['rounds']}")]


def streaming_table(found: dict) -> list[str]:
    """Training from disk."""
    rows = []
    for row in found["rows"]:
        base = row["contenders"]["in memory"]["ms"]
        for how, each in row["contenders"].items():
            name = f"{row['network']}, batch {row['batch']}, {row['files']}: {how}{disturbed(row)}"
            rows.append([name, f"{each['ms']:.3g}", f"{each['ms'] / base:.2f} x", f"{each['cpu_ms']:.3g}"])
    head = ["ms per training step", "dlab", "of the same in memory", "processor time of the trainer"]
    words = f"{found['threads']} thread trains, {found['workers']} process decodes; medians of {found['rounds']}"
    return [*table(head, rows), "", note(found, words)]


def gpu_rows(row: dict) -> list[list[str]]:
    """A line for each contender."""
    own = row["contenders"].get("dlab")
    rows = []
    for name, each in row["contenders"].items():
        share, ratio = each.get("share_of_ceiling"), f"{each['ms'] / own['ms']:.2f} x" if own else "-"
        aims = [f"{aim['aim']}: {verdict(aim)}" for aim in row["targets"] if name == "dlab"]
        times = (f"{each[key]:.3g}" for key in ("ms", "p10", "p90", "cold_seconds"))
        rate = f"{each['rate']:.0f} {row['unit']}" if "rate" in each else "-"
        label = row["name"] + disturbed(row)
        rows.append([label, name, *times, ratio, rate, f"{share:.0%}" if share else "-", "; ".join(aims)])
    return rows


def gpu_table(found: dict) -> list[str]:
    """A GPU."""
    rows = [line for row in found["rows"] for line in gpu_rows(row)]
    head = ["on a GPU", "who", "ms", "10 %", "90 %", "cold, s", "of dlab", "rate", "of the ceiling", "aims"]
    node = f"; a node of a graph takes {found['node_us']:.2f} us" if "node_us" in found else ""
    gpu = ", ".join(f"{name} {value}" for name, value in found["gpu"].items())
    return [*table(head, rows), "", note(found, f"{gpu}{node}; {found['rounds']} rounds")]


def note(found: dict, words: str) -> str:
    """How a table came about."""
    words += disturbed(found) if "other_cores" in found else ""
    versions = ", ".join(f"{name} {number}" for name, number in found["versions"].items())
    return f"{found['date'][:10]}, {found['cpu']}, {found['cores']} cores; {words}; {versions}; `{found['command']}`"


def main() -> None:
    """Rewrite README.md."""
    makers = {
        "step": step_table,
        "inference": inference_table,
        "layers": layers_table,
        "optimizers": optimizer_table,
        "busy": busy_table,
        "rounds": rounds_table,
        "start": start_table,
        "study": study_table,
        "streaming": streaming_table,
        "checkpointing": checkpointing_table,
        "gpu": gpu_table,
    }
    parts = [maker(found) for name, maker in makers.items() if (found := read(name))]
    body = "\n\n".join("\n".join(part) for part in parts) or "No figures yet."
    path = HERE / "README.md"
    before, rest = path.read_text().split(BEGIN)
    path.write_text(f"{before}{BEGIN}\n\n{body}\n\n{END}{rest.split(END)[1]}")


if __name__ == "__main__":
    main()
