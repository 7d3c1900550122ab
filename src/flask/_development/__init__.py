"""The development server: restarts when code changes, pages that reload, debugging over ASGI.

The modules are imported only by a process that starts the server.
"""

from __future__ import annotations

from typing import Final

RELOADERS: Final = ("auto", "watchfiles", "stat")
"""The values of ``reloader_type`` for which this package's supervisor is used."""
