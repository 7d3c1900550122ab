"""What is shared by all nodes: the warehouse with its orders, and the outbox with the mails.

Each change has a key that the client has made. Doing it twice has the effect of doing it once.
"""

from __future__ import annotations

import json
import threading
import typing as t

ITEMS = {"tea": 4.5, "coffee": 6.0, "cup": 9.0}
"""The items and their prices."""

Line: t.TypeAlias = "list[str]"
"""The key of a line of a cart, and its item."""

Order: t.TypeAlias = "dict[str, t.Any]"
"""``lines``: what was ordered; ``number``: of the change; ``stock``: of each item after it."""


class Warehouse(t.Protocol):
    """The stock and the orders."""

    def read(self) -> Order:
        """Return the number of the last change, and the stock."""

    def order(self, key: str, lines: list[Line]) -> Order:
        """Take the items of an order; a second call with the same key returns the first result.

        Lines that belong to another order, or whose item is sold out, are left out.
        """


class Outbox(t.Protocol):
    """The mails that were sent. A real mail server would get the key as well."""

    def note_attempt(self, key: str) -> None:
        """Count that the sending of a mail has begun."""

    def send(self, key: str, text: str) -> bool:
        """Send a mail; return whether this key is new. Otherwise nothing happens."""

    def note_done(self, key: str) -> None:
        """Note that the task of a mail has ended."""


class MemoryWarehouse:
    """A warehouse in this process."""

    def __init__(self, stock: int) -> None:
        self._stock = dict.fromkeys(ITEMS, stock)
        self._orders: dict[str, Order] = {}
        self._ordered: set[str] = set()
        self._lock = threading.Lock()

    def read(self) -> Order:
        with self._lock:
            return {"number": len(self._orders), "stock": dict(self._stock)}

    def order(self, key: str, lines: list[Line]) -> Order:
        with self._lock:
            if key not in self._orders:
                taken = []
                for line, item in lines:
                    if line not in self._ordered and self._stock[item] > 0:
                        self._ordered.add(line)
                        self._stock[item] -= 1
                        taken.append([line, item])
                number = len(self._orders) + 1
                stock = dict(self._stock)
                self._orders[key] = {"lines": taken, "number": number, "stock": stock}
            return self._orders[key]


class MemoryOutbox:
    """An outbox in this process."""

    def __init__(self) -> None:
        self.mails: list[str] = []
        self.attempts: list[str] = []
        self._sent: set[str] = set()

    def note_attempt(self, key: str) -> None:
        self.attempts.append(key)

    def send(self, key: str, text: str) -> bool:
        if key in self._sent:
            return False
        self._sent.add(key)
        self.mails.append(text)
        return True

    def note_done(self, key: str) -> None:
        pass


# Redis runs a script as a whole: no node sees, or leaves behind, half an order.
_ORDER = """
local stock, ordered, orders = KEYS[1], KEYS[2], KEYS[3]
local known = redis.call("HGET", orders, ARGV[1])
if known then return known end
local lines = {}
for i = 2, #ARGV, 2 do
    local line, item = ARGV[i], ARGV[i + 1]
    local left = tonumber(redis.call("HGET", stock, item) or "0")
    if left > 0 and redis.call("HSETNX", ordered, line, ARGV[1]) == 1 then
        redis.call("HINCRBY", stock, item, -1)
        table.insert(lines, {line, item})
    end
end
local left = {}
local pairs_of_stock = redis.call("HGETALL", stock)
for i = 1, #pairs_of_stock, 2 do left[pairs_of_stock[i]] = tonumber(pairs_of_stock[i + 1]) end
local order = {lines = lines, number = redis.call("HLEN", orders) + 1, stock = left}
order = cjson.encode(order)
redis.call("HSET", orders, ARGV[1], order)
return order
"""

_SEND = """
if redis.call("HSETNX", KEYS[1], ARGV[1], "1") == 0 then return 0 end
redis.call("RPUSH", KEYS[2], ARGV[2])
return 1
"""

STOCK, ORDERED, ORDERS = "shop:stock", "shop:ordered", "shop:orders"
SENT, MAILS = "shop:sent", "shop:mails"
QUEUED, ATTEMPTS, DONE = "shop:queued", "shop:attempts", "shop:done"  # for the figures


class RedisWarehouse:
    """A warehouse in Redis, in place of the shop's database.

    :param url: the server.
    :param stock: of each item, if Redis does not know the item.
    """

    def __init__(self, url: str, stock: int) -> None:
        self._redis = connect(url)
        self._script = self._redis.register_script(_ORDER)
        self._first = stock
        self._is_filled = False

    def _fill(self) -> None:
        if not self._is_filled:
            for item in ITEMS:
                self._redis.hsetnx(STOCK, item, self._first)
            self._is_filled = True

    def read(self) -> Order:
        self._fill()
        pipeline = self._redis.pipeline(transaction=True)
        number, stock = pipeline.hlen(ORDERS).hgetall(STOCK).execute()
        return {"number": number, "stock": {item: int(left) for item, left in stock.items()}}

    def order(self, key: str, lines: list[Line]) -> Order:
        self._fill()
        arguments = [text for line in lines for text in line]
        order = json.loads(self._script([STOCK, ORDERED, ORDERS], [key, *arguments]))
        return {**order, "lines": list(order["lines"])}  # Lua writes an empty list as {}


class RedisOutbox:
    """An outbox in Redis."""

    def __init__(self, url: str) -> None:
        self._redis = connect(url)
        self._script = self._redis.register_script(_SEND)

    def note_attempt(self, key: str) -> None:
        self._redis.hincrby(ATTEMPTS, key, 1)

    def note_queued(self, key: str) -> None:
        """Count that a task was given to Celery. The figures of the cluster need it."""
        self._redis.hincrby(QUEUED, key, 1)

    def send(self, key: str, text: str) -> bool:
        return bool(self._script([SENT, MAILS], [key, text]))

    def note_done(self, key: str) -> None:
        self._redis.hset(DONE, key, 1)


def connect(url: str) -> t.Any:
    """Return a client of Redis that waits for at most two seconds."""
    import redis

    return redis.Redis.from_url(
        url, decode_responses=True, socket_timeout=2, socket_connect_timeout=2
    )
