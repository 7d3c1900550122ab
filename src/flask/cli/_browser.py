"""``flask run --open``: open the browser when the development server accepts connections."""

from __future__ import annotations

import socket
import threading
import time
import typing as t

import click

_LONGEST: t.Final = 60.0  # seconds in which the server starts
_INTERVAL: t.Final = 0.05
_ON_THIS_MACHINE: t.Final = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}
"""Hosts that mean every address, with an address that a browser can use."""


def choose_port(host: str, port: int) -> int:
    """Return the port to listen on; for 0, a free one, so that its URL is known.

    :param host: the address to listen on.
    :param port: the port that was chosen, or 0.
    :raises click.UsageError: the host is a Unix socket.
    """
    if host.startswith("unix://"):
        raise click.UsageError("'--open' needs a host and a port; browsers open no Unix sockets.")
    if port:
        return port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        free: int = probe.getsockname()[1]
        return free


def open_when_ready(host: str, port: int, is_secure: bool) -> threading.Thread:
    """Start a thread that opens the browser, once, when the server accepts connections.

    :param host: the address on which the server listens.
    :param port: the port.
    :param is_secure: whether it is served over HTTPS.
    """
    address = _ON_THIS_MACHINE.get(host, host)
    scheme = "https" if is_secure else "http"
    url = f"{scheme}://{f'[{address}]' if ':' in address else address}:{port}/"
    thread = threading.Thread(
        target=_wait_and_open, args=(address, port, url), name="open-browser", daemon=True
    )
    thread.start()
    return thread


def _wait_and_open(address: str, port: int, url: str) -> None:
    import webbrowser

    end = time.monotonic() + _LONGEST
    while not _accepts(address, port):
        if time.monotonic() > end:
            return
        time.sleep(_INTERVAL)
    if not webbrowser.open(url):
        click.echo(f" * No browser was found. Open {url}")


def _accepts(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), timeout=1):
            return True
    except OSError:
        return False
