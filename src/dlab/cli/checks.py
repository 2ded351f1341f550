"""Specs checked without running them."""

from collections.abc import Sequence

from dlab.assemble import outline
from dlab.errors import DlabError, SpecError
from dlab.report.output import Output
from dlab.spec import load


def validate(specs: Sequence[str], overrides: Sequence[str], seed: int | None, output: Output) -> None:
    """Load every spec and fit its layers together; one SpecError tells the faults of all."""
    faults = []
    for source in specs:
        try:
            outline(load(source, overrides, seed))
        except SpecError as fault:
            faults.append(str(fault))
        except DlabError as fault:
            # The spec itself may be right: its data set is what is missing.
            output.warn(f"{source}: layers not checked: {fault}")
    if faults:
        raise SpecError("\n".join(faults))
    output.show({"valid": list(specs)}, "\n".join(f"{source}: ok" for source in specs))
