"""`dlab overfit-study`."""

from dlab.cli.comparing import comparison

command = comparison(
    "overfit-study",
    """Compare remedies against overfitting.

    SPEC is a YAML file, or the name of one that ships with dlab; without `compare:` in it, the penalties are compared.
    """,
    "dlab overfit-study",
    "dlab overfit-study --seeds 0,1,2,3,4 --name five-seeds",
)
