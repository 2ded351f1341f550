"""`dlab compare-optimizers`."""

from dlab.cli.comparing import comparison

command = comparison(
    "compare-optimizers",
    """Compare optimizers over several seeds.

    SPEC is a YAML file, or the name of one that ships with dlab; without `compare:` in it, all eleven are compared.
    """,
    "dlab compare-optimizers",
    "dlab compare-optimizers lenet-digits --seeds 5 -j 2",
)
