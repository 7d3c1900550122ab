"""Clients of the shop: customers with a cookie, listeners that resume, requests under load."""

from __future__ import annotations

import http.client
import json
import random
import socket
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from processes import wait_until

RETRY = 0.2
"""Seconds after which a listener connects again, as `retry=` of the stream says."""

ITEMS = ("tea", "coffee", "cup")


@dataclass
class Answer:
    """A response; status 0 is a connection that broke."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    text: str = ""

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Connection:
    """A connection to the proxy, or to a node, that is kept open."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, method: str, path: str, body: object = None, cookie: str = "") -> Answer:
        """Send one request. It is not sent again if there is no answer."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if cookie:
            headers["Cookie"] = cookie
        text = None if body is None else json.dumps(body)
        try:
            self._connection.request(method, path, text, headers)
            response = self._connection.getresponse()
            received = response.read().decode()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return Answer(0)
        found = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, found, received)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class Customer:
    """A customer, and what the shop has confirmed to them."""

    def __init__(self) -> None:
        self.cookie = ""
        self.lines: list[str] = []
        self.orders: dict[str, list[str]] = {}

    def add(self, connection: Connection) -> Answer:
        """Add an item to the cart."""
        key = uuid.uuid4().hex
        answer = connection.ask(
            "PUT", f"/cart/{key}", {"item": random.choice(ITEMS)}, cookie=self.cookie
        )
        if answer.status == 201:
            self.lines.append(key)
            if "set-cookie" in answer.headers:
                self.cookie = answer.headers["set-cookie"].partition(";")[0]
        return answer

    def order(self, connection: Connection) -> Answer:
        """Order what is in the cart."""
        key = uuid.uuid4().hex
        answer = connection.ask("PUT", f"/orders/{key}", {}, cookie=self.cookie)
        if answer.status == 201:
            self.orders[key] = [line for line, _ in answer.json["lines"]]
        return answer

    def look(self, connection: Connection) -> Answer:
        """Get the cart."""
        return connection.ask("GET", "/cart", cookie=self.cookie)


class Load:
    """Requests of many customers at a fixed rate, while something else happens.

    The last fifth begins only when `finish` was called, so what happens is always under load.

    :param port: of the proxy.
    :param customers: concurrent requests of one customer are intended.
    :param requests: how many.
    :param rate: requests per second.
    """

    THREADS = 16

    def __init__(self, port: int, customers: list[Customer], requests: int, rate: float) -> None:
        self.statuses: Counter[int] = Counter()
        self.kinds: Counter[str] = Counter()
        self.releases: Counter[str] = Counter()
        self._port = port
        self._customers = customers
        self._work = [self._choose(number) for number in range(requests)]
        self._rate = rate
        self._next = 0
        self._lock = threading.Lock()
        self._may_end = threading.Event()
        self._begin = time.monotonic()
        self._threads = [threading.Thread(target=self._run) for _ in range(self.THREADS)]

    def _choose(self, number: int) -> tuple[str, Customer]:
        kind = ("add", "add", "look", "add", "order" if number % 20 == 4 else "add")[number % 5]
        return kind, random.choice(self._customers)

    def start(self) -> None:
        """Begin to send."""
        self._begin = time.monotonic()
        for thread in self._threads:
            thread.start()

    def wait_for_share(self, share: float) -> None:
        """Wait until this share of the requests is answered."""
        number = share * len(self._work)
        wait_until(lambda: self.answered >= number, f"{number:g} requests answered", 300)

    @property
    def answered(self) -> int:
        """How many requests are done."""
        return sum(self.statuses.values())

    def finish(self) -> None:
        """Let the last requests be sent, and wait for all answers."""
        self._may_end.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        connection = Connection(self._port)
        while True:
            with self._lock:
                number = self._next
                self._next += 1
            if number >= len(self._work):
                break
            if number >= 0.8 * len(self._work):
                self._may_end.wait()
            time.sleep(max(0.0, self._begin + number / self._rate - time.monotonic()))
            kind, customer = self._work[number]
            answer: Answer = getattr(customer, kind)(connection)
            with self._lock:
                self.statuses[answer.status] += 1
                self.kinds[kind] += 1
                self.releases[answer.headers.get("x-release", "")] += 1
        connection.close()


class Listener:
    """A client of the event stream that reconnects with the last identifier, as browsers do."""

    def __init__(self, port: int) -> None:
        self.identifiers: list[str] = []
        self.numbers: set[int] = set()
        self.resyncs = 0
        self.nodes: list[str] = []
        """The node of each connection."""
        self._last = ""
        self._port = port
        self._is_stopped = False
        self._socket: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        wait_until(lambda: self._last, "connected: a listener")

    def _run(self) -> None:
        while not self._is_stopped:
            try:
                self._listen()
            except (OSError, http.client.HTTPException, ValueError):
                pass
            time.sleep(RETRY)

    def _listen(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            headers = {"Last-Event-ID": self._last} if self._last else {}
            connection.request("GET", "/stock/events", headers=headers)
            self._socket = connection.sock
            response = connection.getresponse()
            if response.status != 200:
                return
            self.nodes.append(response.headers["X-Node"])
            fields: dict[str, str] = {}
            while line := response.readline():
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name:
                    fields[name] = value
                else:
                    self._receive(fields)
                    fields = {}
        finally:
            connection.close()

    def _receive(self, fields: dict[str, str]) -> None:
        self.resyncs += fields.get("event") == "resync"
        if "data" in fields and fields.get("event") != "resync":
            self.identifiers.append(fields["id"])
            self.numbers.add(json.loads(fields["data"])["number"])
        self._last = fields.get("id", self._last)

    @property
    def moves(self) -> int:
        """How often it was connected to another node than before."""
        return sum(old != new for old, new in zip(self.nodes, self.nodes[1:], strict=False))

    def stop(self) -> None:
        """Disconnect."""
        self._is_stopped = True
        if self._socket is not None:
            try:
                self._socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self._thread.join(10)


def opens_websocket(port: int) -> bool:
    """Return whether the proxy opens a WebSocket to a node."""
    lines = [
        "GET /stock/socket HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]
    with socket.create_connection(("127.0.0.1", port), 20) as connection:
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        return b" 101 " in connection.recv(1000).partition(b"\r\n")[0]


def repeat(action: Callable[[], Answer]) -> Answer:
    """Repeat an idempotent request until it is answered without an error of the server."""
    answers = [action()]

    def is_done() -> bool:
        if answers[-1].status in (0, 503):
            answers.append(action())
        return answers[-1].status not in (0, 503)

    wait_until(is_done, "answered")
    return answers[-1]
