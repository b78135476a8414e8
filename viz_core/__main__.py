"""python -m viz_core: see `viz_core.command`."""

import sys

from viz_core.command import main

if __name__ == "__main__":
    sys.exit(main())
