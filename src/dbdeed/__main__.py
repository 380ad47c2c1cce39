"""`python -m dbdeed`."""

from dbdeed.cli.main import main

main()
