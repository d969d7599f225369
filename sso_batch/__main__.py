"""`python -m sso_batch` is `sso-batch`."""

from sso_batch.cli import main

main()
