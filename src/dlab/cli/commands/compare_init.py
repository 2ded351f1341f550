"""`dlab compare-init`."""

from dlab.cli.comparing import comparison

command = comparison(
    "compare-init",
    """Compare the ways in which weights can start, over several seeds.

    SPEC is a YAML file, or the name of one that ships with dlab; without `compare:` in it, all initialisers are.
    """,
    "dlab compare-init",
    "dlab compare-init mlp.yaml -s model.activation=tanh",
)
