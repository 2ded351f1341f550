"""`dlab compare-init`."""

from dlab.cli.comparing import comparison

command = comparison(
    "compare-init",
    """Compare how weights can start.

    SPEC is a YAML file, or the name of one that ships with dlab; without `compare:` in it, all initialisers are.
    """,
    "dlab compare-init",
    "dlab compare-init mlp.yaml -s model.activation=tanh",
)
