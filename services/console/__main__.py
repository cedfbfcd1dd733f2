"""`python -m services.console`: the `linkway` command where it is not installed."""

from services.console.app import main

main()
