"""Where ``flask serve`` listens: the address is checked before the server starts.

Granian itself reports an address that it cannot bind with a traceback of more than 100 lines.
"""

from __future__ import annotations

import errno
import socket
import stat
from pathlib import Path

import click

_NEXT_PORTS = 20  # ports that are tried for the suggestion


def check_address(host: str, port: int) -> str:
    """Check that the server can listen on a port.

    :param host: a name or an IP address.
    :param port: the port; 0 is any free one.
    :returns: the IP address of the host.
    :raises click.ClickException: the server cannot listen there.
    """
    try:
        found = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE | socket.AI_NUMERICSERV
        )
    except (socket.gaierror, UnicodeError):
        raise click.ClickException(
            f"The host {host!r} has no address on this machine.\n"
            "Listen on 127.0.0.1 for this machine only, or on 0.0.0.0 for all addresses:"
            " flask serve --host 0.0.0.0"
        ) from None
    family, _, _, _, address = found[0]
    try:
        _bind(family, address)
    except OSError as error:
        raise click.ClickException(_explain(error, family, address)) from None
    return str(address[0])


def _bind(family: int, address: tuple[object, ...]) -> None:
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        if hasattr(socket, "SO_REUSEADDR") and hasattr(socket, "AF_UNIX"):  # not on Windows
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)


def _explain(error: OSError, family: int, address: tuple[object, ...]) -> str:
    """Return one line about what is wrong, and one about what to do."""
    host, port = address[:2]
    if error.errno == errno.EADDRINUSE:
        free = _find_free_port(family, address)
        example = f", for example: flask serve --port {free}" if free else "."
        return (
            f"Another program listens on port {port} of {host} already.\n"
            f"Stop that program, or choose another port{example}"
        )
    if error.errno in {errno.EACCES, errno.EPERM}:
        return (
            f"You have no permission to listen on port {port} of {host}.\n"
            "Choose a port above 1023, for example: flask serve --port 8000"
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return (
            f"{host} is not an address of this machine.\n"
            "Listen on 127.0.0.1 for this machine only, or on 0.0.0.0 for all addresses:"
            " flask serve --host 0.0.0.0"
        )
    return (
        f"The server cannot listen on port {port} of {host}: {error.strerror}.\n"
        "Choose another address with --host and --port."
    )


def _find_free_port(family: int, address: tuple[object, ...]) -> int | None:
    host, port, *rest = address
    assert isinstance(port, int)
    for candidate in range(port + 1, min(port + 1 + _NEXT_PORTS, 65_536)):
        try:
            _bind(family, (host, candidate, *rest))
        except OSError:
            continue
        return candidate
    return None


def check_socket(path: Path) -> None:
    """Check that the server can listen on a Unix socket; remove one that no program listens on.

    :param path: where.
    :raises click.ClickException: the server cannot listen there.
    """
    advice = "Choose another path, for example: flask serve --uds /tmp/shop.sock"
    try:
        if path.exists():
            _remove_unused(path)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.bind(str(path.resolve()))
        path.unlink()
    except _InUse as error:
        raise click.ClickException(f"{error}\n{advice}") from None
    except OSError as error:
        reason = error.strerror or str(error)  # a path that is too long has no number
        raise click.ClickException(
            f"The server cannot create the Unix socket {str(path)!r}: {reason}.\n{advice}"
        ) from None


class _InUse(Exception):
    """A path belongs to another program or to a file."""


def _remove_unused(path: Path) -> None:
    """Remove a socket that a program has left behind.

    :raises _InUse: a program listens on it, or it is no socket.
    """
    if not stat.S_ISSOCK(path.stat().st_mode):
        raise _InUse(f"{str(path)!r} exists and is no socket.")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise _InUse(f"Another program listens on the Unix socket {str(path)!r} already.")
