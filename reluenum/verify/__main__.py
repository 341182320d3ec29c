"""Run the checker alone: `python -m reluenum.verify FILE`."""

import sys

from .document import main

sys.exit(main())
