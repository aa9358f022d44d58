"""``python -m mrv.cli``."""

import sys

from mrv.cli import main

if __name__ == "__main__":
    sys.exit(main())
