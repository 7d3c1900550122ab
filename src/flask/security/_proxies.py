"""Who the client of a proxy is: forwarded headers are believed from trusted addresses only.

The middleware changes what the server says about the client, before the application sees it. Both
protocols use the same decisions.
"""

from __future__ import annotations

import ipaddress
import logging
import typing as t
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from werkzeug.http import parse_options_header

if t.TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Network: t.TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Headers: t.TypeAlias = Mapping[str, str]
"""The forwarded headers of a request, by lower-case name."""

NAMES: t.Final = (
    *("forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"),
    *("x-forwarded-port", "x-forwarded-prefix"),
)
"""The headers that proxies set."""
SEEN: t.Final = "flask.forwarded"
"""Marks a request whose headers have been read already, in a scope and in an environment."""

_MOST_HOPS = 32  # proxies between client and server
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Client:
    """What proxies say about the client. ``None`` means that they do not say it.

    :param address: the address of the client.
    """

    address: str
    scheme: str | None = None
    host: str | None = None
    port: str | None = None
    prefix: str | None = None


class ConflictingHeaders(ValueError):
    """``Forwarded`` and ``X-Forwarded-For`` name different clients: one of them is forged."""


class TrustedProxies:
    """The proxies whose headers are believed.

    :param proxies: networks such as ``10.0.0.0/8``, or the number of proxies in front.
    :param header: ``"forwarded"`` or ``"x-forwarded"``: the header that the proxies set. By default
        either is read; a request that has both must name the same client in both.
    :raises ValueError: a network or the number is not valid.
    """

    def __init__(self, proxies: Iterable[str] | int, header: str | None = None) -> None:
        if header not in {None, "forwarded", "x-forwarded"}:
            raise ValueError(
                f"TRUSTED_PROXY_HEADER is {header!r}. It must be 'forwarded' or 'x-forwarded'."
            )
        self._header = header
        self._count = proxies if isinstance(proxies, int) else 0
        if isinstance(proxies, str) or self._count < 0:
            raise ValueError(
                f"TRUSTED_PROXIES is {proxies!r}. It must be a list of networks such as"
                " ['10.0.0.0/8'], or the number of proxies."
            )
        self._networks = () if isinstance(proxies, int) else tuple(map(_read_network, proxies))

    def trusts(self, address: str) -> bool:
        """Return whether an address is one of a trusted proxy."""
        try:
            parsed = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        mapped = getattr(parsed, "ipv4_mapped", None)
        return any((mapped or parsed) in network for network in self._networks)

    def believes(self, peer: str) -> bool:
        """Return whether the headers of a request from an address are believed.

        :param peer: the address from which the server got the request.
        """
        return bool(self._count) or self.trusts(peer)

    def find_client(self, peer: str, headers: Headers) -> Client | None:
        """Return the client of a request, or ``None`` if no proxy is believed.

        :param peer: the address from which the server got the request.
        :param headers: the forwarded headers.
        :raises ConflictingHeaders: two kinds of headers name different clients.
        """
        if not self.believes(peer):
            return None
        by_forwarded = by_x = None
        if self._header != "x-forwarded" and "forwarded" in headers:
            by_forwarded = self._read_forwarded(peer, headers["forwarded"])
        if self._header != "forwarded" and any(name.startswith("x-") for name in headers):
            by_x = self._read_x_forwarded(peer, headers)
        if by_forwarded and by_x and by_forwarded.address != by_x.address:
            raise ConflictingHeaders(
                "The headers 'Forwarded' and 'X-Forwarded-For' name different clients. Set"
                " TRUSTED_PROXY_HEADER to the one that your proxies set."
            )
        return by_x or by_forwarded

    def _count_hops(self, peer: str, addresses: list[str]) -> int:
        """Return how many addresses, from the right, were added by trusted proxies."""
        if self._count:
            return min(self._count, len(addresses))
        hops = 0
        for address in reversed(addresses):
            hops += 1
            if not self.trusts(address):
                break
        return hops

    def _read_x_forwarded(self, peer: str, headers: Headers) -> Client:
        addresses = [_strip_port(each) for each in _split(headers.get("x-forwarded-for"))]
        hops = self._count_hops(peer, addresses) or 1
        address = addresses[-hops] if addresses else peer
        return Client(
            _checked_address(address) or peer,
            _checked_scheme(_pick(headers.get("x-forwarded-proto"), hops)),
            _pick(headers.get("x-forwarded-host"), hops),
            _checked_port(_pick(headers.get("x-forwarded-port"), hops)),
            _checked_prefix(_pick(headers.get("x-forwarded-prefix"), hops)),
        )

    def _read_forwarded(self, peer: str, text: str) -> Client:
        elements = [_read_element(part) for part in split_quoted(text)[-_MOST_HOPS:]]
        addresses = [_strip_port(element.get("for", "")) for element in elements]
        hops = self._count_hops(peer, addresses) or 1
        element = elements[-hops] if elements else {}
        return Client(
            _checked_address(_strip_port(element.get("for", ""))) or peer,
            _checked_scheme(element.get("proto")),
            element.get("host"),
        )


# Values of the headers ----------------------------------------------------------------------------


def _read_network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise ValueError(
            f"TRUSTED_PROXIES: {text!r} is not a network: {error}. Write, for example,"
            " '10.0.0.0/8' or '127.0.0.1'."
        ) from error


def _split(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()][-_MOST_HOPS:]


def _pick(text: str | None, hops: int) -> str | None:
    """Return the value that the outermost trusted proxy set; a proxy may replace all values."""
    values = _split(text)
    return values[-min(hops, len(values))] if values else None


def split_quoted(text: str) -> list[str]:
    """Split a header at commas outside of quotes (RFC 7239 section 4)."""
    parts, start, is_quoted, is_escaped = [], 0, False, False
    for place, letter in enumerate(text):
        if is_escaped:
            is_escaped = False
        elif is_quoted and letter == "\\":
            is_escaped = True
        elif letter == '"':
            is_quoted = not is_quoted
        elif letter == "," and not is_quoted:
            parts.append(text[start:place])
            start = place + 1
    return [part.strip() for part in (*parts, text[start:]) if part.strip()]


def _read_element(text: str) -> dict[str, str]:
    """Return the parameters of one element: ``for=1.2.3.4;proto=https``."""
    return {name.lower(): value for name, value in parse_options_header(f"x;{text}")[1].items()}


def _strip_port(address: str) -> str:
    """Return an address without its port: ``1.2.3.4:5``, ``[::1]:5``."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.partition(":")[0] if address.count(":") == 1 else address


def _checked_address(address: str) -> str | None:
    """Return an address if it is one; proxies may also say ``unknown`` or a secret name."""
    try:
        return str(ipaddress.ip_address(address.partition("%")[0]))
    except ValueError:
        return None


def _checked_scheme(scheme: str | None) -> str | None:
    lowered = (scheme or "").lower()
    return lowered if lowered in {"http", "https", "ws", "wss"} else None


def _checked_port(port: str | None) -> str | None:
    return port if port and port.isascii() and port.isdigit() and len(port) <= 5 else None


def _checked_prefix(prefix: str | None) -> str | None:
    if not prefix or not prefix.startswith("/") or prefix.startswith("//"):
        return None
    return prefix.rstrip("/")


# Middleware ---------------------------------------------------------------------------------------


class WsgiProxies:
    """WSGI middleware that gives the application the client of a trusted proxy.

    :param app: the WSGI application.
    :param proxies: the proxies.
    """

    def __init__(self, app: Callable[..., Iterable[bytes]], proxies: TrustedProxies) -> None:
        self._app = app
        self._proxies = proxies

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if SEEN not in environ and SEEN not in environ.get("asgi.scope", ()):
            headers = {}
            for name in NAMES:
                value = environ.get(f"HTTP_{name.upper().replace('-', '_')}")
                if value:
                    headers[name] = value
            if headers:
                try:
                    client = self._proxies.find_client(environ.get("REMOTE_ADDR") or "", headers)
                except ConflictingHeaders as error:
                    _logger.warning("A request was refused: %s", error)
                    start_response("400 Bad Request", [("Content-Type", "text/plain")])
                    return [b"The headers about the client contradict each other.\n"]
                if client is not None:
                    _change_environ(environ, client)
        return self._app(environ, start_response)


def _change_environ(environ: WSGIEnvironment, client: Client) -> None:
    environ["REMOTE_ADDR"] = client.address
    if client.scheme:
        environ["wsgi.url_scheme"] = {"ws": "http", "wss": "https"}.get(
            client.scheme, client.scheme
        )
    if client.host:
        name, port = _split_host(client.host)
        environ["HTTP_HOST"] = client.host
        environ["SERVER_NAME"] = name
        environ["SERVER_PORT"] = port or _usual_port(environ["wsgi.url_scheme"])
    if client.port:
        environ["SERVER_PORT"] = client.port
    if client.prefix:
        environ["SCRIPT_NAME"] = client.prefix


def _split_host(host: str) -> tuple[str, str | None]:
    """Return name and port of a host."""
    name, colon, port = host.rpartition(":")
    if colon and port.isdigit() and not name.endswith(":"):
        return name, port
    return host, None


def _usual_port(scheme: str) -> str:
    return "443" if scheme in {"https", "wss"} else "80"


class AsgiProxies:
    """ASGI middleware that gives the application the client of a trusted proxy.

    :param app: the ASGI application.
    :param proxies: the proxies.
    """

    def __init__(self, app: Callable[..., t.Any], proxies: TrustedProxies) -> None:
        self._app = app
        self._proxies = proxies

    def __call__(self, scope: t.Any, receive: t.Any, send: t.Any) -> t.Any:
        if scope["type"] not in {"http", "websocket"} or SEEN in scope:
            return self._app(scope, receive, send)
        headers: dict[str, str] = {}
        for name, value in scope["headers"]:
            key = name.decode("latin-1").lower()
            if key in NAMES:
                text = value.decode("latin-1")
                headers[key] = f"{headers[key]}, {text}" if key in headers else text
        if not headers:
            return self._app(scope, receive, send)
        address = (scope.get("client") or ("",))[0]
        try:
            client = self._proxies.find_client(address, headers)
        except ConflictingHeaders as error:
            _logger.warning("A request was refused: %s", error)
            return _refuse(scope, send)
        changed = {**scope, SEEN: True}
        if client is not None:
            _change_scope(changed, client)
        return self._app(changed, receive, send)


def _change_scope(scope: dict[str, t.Any], client: Client) -> None:
    scope["client"] = (client.address, 0)
    if client.scheme:
        is_secure = client.scheme in {"https", "wss"}
        base = "ws" if scope["type"] == "websocket" else "http"
        scope["scheme"] = f"{base}s" if is_secure else base
    if client.host:
        host = client.host.encode("latin-1")
        rest = [pair for pair in scope["headers"] if pair[0].lower() != b"host"]
        scope["headers"] = [(b"host", host), *rest]
    if client.host or client.port:
        name, port = _split_host(client.host or (scope.get("server") or ("localhost",))[0])
        port = client.port or port or _usual_port(scope.get("scheme", "http"))
        scope["server"] = (name, int(port))
    if client.prefix:
        scope["root_path"] = client.prefix
        scope["path"] = client.prefix + scope["path"]


async def _refuse(scope: t.Any, send: t.Any) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    headers = [(b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": 400, "headers": headers})
    body = b"The headers about the client contradict each other.\n"
    await send({"type": "http.response.body", "body": body})
