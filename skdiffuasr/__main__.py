"""``python -m skdiffuasr``."""

import sys

from skdiffuasr.cli import main

if __name__ == "__main__":
    sys.exit(main())
