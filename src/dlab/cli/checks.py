"""Specs checked without running them."""

from collections.abc import Sequence

from dlab.assemble import outline
from dlab.errors import DlabError, SpecError
from dlab.report.output import Output
from dlab.spec.demonstrations import Demonstrations
from dlab.spec.reading import read
from dlab.studies.filters import study


def validate(specs: Sequence[str], overrides: Sequence[str], seed: int | None, output: Output) -> None:
    """Load every spec and fit its parts together; one SpecError tells the faults of all."""
    faults = []
    for source in specs:
        try:
            _check(source, overrides, seed)
        except SpecError as fault:
            faults.append(str(fault))
        except DlabError as fault:
            # The spec itself may be right: its data set is what is missing.
            output.warn(f"{source}: layers not checked: {fault}")
    if faults:
        raise SpecError("\n".join(faults))
    output.show({"valid": list(specs)}, "\n".join(f"{source}: ok" for source in specs))


def _check(source: str, overrides: Sequence[str], seed: int | None) -> None:
    spec = read(source, overrides, seed)
    if isinstance(spec, Demonstrations):
        study.outline(spec)
    else:
        outline(spec)
