"""`python -m reluenum` is the command line."""

import sys

from reluenum.cli import main

sys.exit(main())
