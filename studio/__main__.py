"""``python -m studio``: the command line, or the window without a command."""

import sys

from studio.cli import main

if __name__ == "__main__":
    sys.exit(main())
