"""``python -m flask`` is the ``flask`` command."""

from __future__ import annotations

import sys

from . import cli

if __name__ == "__main__":
    sys.exit(cli.main())
