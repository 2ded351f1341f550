"""Runs every experiment of the lectures and writes docs/reproduction.md; `make reproduce` calls it.

python docs/reproduce.py            runs what results/ does not hold yet, keeps tables and pictures in results/reference
python docs/reproduce.py --write    writes the page from results/reference alone
"""

import shutil
import subprocess
import sys
from pathlib import Path

import judges
import judges_of_filters
import yaml
from reference import Experiment, Finding, Results

ROOT = Path(__file__).parent.parent
RUNS, REFERENCE = ROOT / "results" / "reproduction", ROOT / "results" / "reference"
PAGE = ROOT / "docs" / "reproduction.md"
KEPT = ("spec.yaml", "run.json", "summary.md", "*.csv", "numbers.npz", "*.png")
HEAD = """# Reproduction

Every experiment that the lectures report, run again: what the lecture says, what came out, and whether that holds.
`make reproduce` runs them all (on MNIST, a few minutes on two cores) and writes this page from the files in
`results/reference/`. Numbers are means over the seeds, with their standard deviation. The lectures are L0 to L4, the
experiments X1 to X17, the errata E01 to E65.
"""


def main() -> None:
    """Run what is asked, then write the page."""
    entries = yaml.safe_load((ROOT / "docs" / "claims.yaml").read_text(encoding="utf-8"))
    experiments = [Experiment(**entry) for entry in entries]
    if "--write" not in sys.argv[1:]:
        for path in sorted((ROOT / "experiments").glob("*.yaml")):
            run(path)
    sections = [section(experiment) for experiment in experiments]
    PAGE.write_text("\n".join([HEAD, overview(experiments), *sections]), encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)} written")


def run(spec: Path) -> None:
    """One experiment, with the command in its second line, unless it has run; and what is worth keeping of it."""
    command, name = spec.read_text(encoding="utf-8").splitlines()[1].split()[2], spec.stem
    source, target = RUNS / command / name, REFERENCE / name
    if not source.exists() or command.startswith(("compare", "overfit")):  # a study goes on where it was
        words = [command, spec.name, "--name", name, "-o", str(RUNS.relative_to(ROOT))]
        subprocess.run([sys.executable, "-m", "dlab", *words], check=True, cwd=ROOT)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for pattern in KEPT:
        for path in source.glob(pattern):
            shutil.copy(path, target)


def findings(experiment: Experiment) -> list[Finding]:
    """The claims of an experiment, each with what was measured; none where its results are not there."""
    found = {name: Results(REFERENCE / name) for name in experiment.specs if (REFERENCE / name).is_dir()}
    complete = len(found) == len(experiment.specs)
    judge = {**vars(judges), **vars(judges_of_filters)}.get(experiment.judge)
    return judge(found) if judge and complete else []


def overview(experiments: list[Experiment]) -> str:
    """One line an experiment: how many of its claims hold."""
    lines = ["| | experiment | holds |", "|---|---|---|"]
    for experiment in experiments:
        verdicts = [holds for _, _, holds in findings(experiment)]
        told = f"{sum(verdicts)} of {len(verdicts)}" if verdicts else "not run"
        lines.append(f"| {experiment.tag} | {experiment.title} | {told} |")
    return "\n".join(lines) + "\n"


def section(experiment: Experiment) -> str:
    """The claim, what was measured, the verdict, the erratum, and a picture."""
    lines = [f"## {experiment.tag}: {experiment.title}", "", f"**The lecture.** {experiment.lecture}", ""]
    if experiment.specs:
        commands = ", ".join(f"`dlab {experiment.command} {name}.yaml`" for name in experiment.specs)
        lines += [f"**Here.** {commands}. {experiment.setup}".rstrip(), ""]
    if found := findings(experiment):
        lines += ["| claim | measured | verdict |", "|---|---|---|"]
        verdict = {True: "holds", False: "**does not hold**"}
        lines += [f"| {claim} | {measured} | {verdict[holds]} |" for claim, measured, holds in found]
        lines.append("")
    if experiment.erratum:
        lines += [f"**Erratum.** {experiment.erratum}", ""]
    for name in experiment.pictures:
        lines += [f"![{experiment.title}](../results/reference/{name})", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
