"""What the cluster shows: each scenario returns checked figures."""

from __future__ import annotations

import os
import re
import signal
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import Any

from clients import Connection, Customer, Listener, Load, opens_websocket, repeat
from processes import Cluster, wait_until
from webshop.stores import ATTEMPTS, DONE, MAILS, ORDERED, ORDERS, QUEUED, SENT, connect


@dataclass
class Check:
    """A figure, and whether it is right."""

    what: str
    figure: object
    is_right: bool


class Run:
    """One run of all scenarios, on one cluster, with the same customers and listeners.

    :param requests: of the first scenario.
    :param rate: requests per second.
    """

    def __init__(
        self,
        cluster: Cluster,
        requests: int = 2000,
        customers: int = 40,
        listeners: int = 12,
        rate: float = 100,
    ) -> None:
        self.cluster = cluster
        self.requests = requests
        self.rate = rate
        self.connection = Connection(cluster.port)
        self.redis: Any = connect(f"{cluster.redis_url}/2")
        self.listeners = [Listener(cluster.port) for _ in range(listeners)]
        self.customers = [Customer() for _ in range(customers)]

    def close(self) -> None:
        """Disconnect all clients."""
        for listener in self.listeners:
            listener.stop()
        self.connection.close()

    # One node is killed, another one restarted

    def lose_nodes(self) -> list[Check]:
        """Send requests while a node is killed, and another one is restarted gracefully."""
        killed, restarted = self.cluster.nodes[1], self.cluster.nodes[2]
        first = [customer.add(self.connection).status for customer in self.customers]
        load = Load(
            self.cluster.port, self.customers, self.requests - len(self.customers), self.rate
        )
        load.statuses.update(first)
        load.start()
        load.wait_for_share(0.2)
        listened = sum(listener.nodes[-1] == "2" for listener in self.listeners)
        killed.kill()
        load.wait_for_share(0.4)
        killed.start()
        load.wait_for_share(0.6)  # nginx uses the node again
        restarted.stop()
        restarted.start()
        load.finish()
        successful = load.statuses[200] + load.statuses[201]
        retried = self.count_retried()
        return [
            Check("requests sent", load.answered, load.answered == self.requests),
            Check("requests answered with success", successful, successful == self.requests),
            Check("of these, tried on a second node by nginx", retried, retried > 0),
            Check(
                "listeners that were connected to the node that was killed", listened, listened > 0
            ),
            *self.check_customers(),
            *self.check_listeners(),
        ]

    def count_retried(self) -> int:
        """Return how many requests nginx has sent to more than one node."""
        text = (self.cluster.folder / "nginx-access.log").read_text("utf-8")
        lines = [line for line in text.splitlines() if "/stock/events" not in line]
        return sum(bool(re.search(r"\[[^\]]*, [^\]]*\] \[", line)) for line in lines)

    def check_customers(self) -> list[Check]:
        """Compare what the shop has confirmed with what is in sessions and in the warehouse."""
        lost = doubled = foreign = sessions = orders = 0
        for customer in self.customers:
            cart = repeat(partial(customer.look, self.connection)).json
            lines = Counter(line for line, _ in cart["lines"])
            for items in customer.orders.values():
                lines.update(items)
            confirmed = set(customer.lines)
            sessions += bool(lines) or bool(cart["orders"])
            orders += set(customer.orders) == set(cart["orders"])
            lost += len(confirmed - set(lines))
            doubled += sum(number - 1 for number in lines.values())
            foreign += len(set(lines) - confirmed)
        number = len(self.customers)
        added = sum(len(customer.lines) for customer in self.customers)
        placed = sum(len(customer.orders) for customer in self.customers)
        stock = repeat(lambda: self.connection.ask("GET", "/stock")).json["stock"]
        taken = 3 * 100_000 - sum(stock.values())
        ordered = sum(
            len(lines) for customer in self.customers for lines in customer.orders.values()
        )
        return [
            Check("sessions", number, True),
            Check("sessions lost", number - sessions, sessions == number),
            Check("sessions whose list of orders is complete", orders, orders == number),
            Check("items put into carts", added, added > 0),
            Check("items lost", lost, lost == 0),
            Check("items doubled", doubled, doubled == 0),
            Check("items that were never confirmed", foreign, foreign == 0),
            Check("orders", placed, placed == self.redis.hlen(ORDERS)),
            Check(
                "items taken from the stock / items in orders",
                f"{taken} / {ordered}",
                taken == ordered == self.redis.hlen(ORDERED),
            ),
        ]

    def check_listeners(self) -> list[Check]:
        """Compare what the listeners have received with the orders, and with each other."""
        numbers = set(range(1, self.redis.hlen(ORDERS) + 1))
        listeners = self.listeners

        def are_equal() -> bool:
            return all(
                listener.numbers >= numbers
                and len(listener.identifiers) == len(listeners[0].identifiers)
                for listener in listeners
            )

        try:
            wait_until(are_equal, "all messages received", 30)
        except TimeoutError:
            pass  # the figures show it
        missing = sum(len(numbers - listener.numbers) for listener in listeners)
        repeated = sum(
            len(listener.identifiers) - len(set(listener.identifiers)) for listener in listeners
        )
        equal = sum(listener.identifiers == listeners[0].identifiers for listener in listeners)
        resyncs = sum(listener.resyncs for listener in listeners)
        moves = sum(listener.moves for listener in listeners)
        return [
            Check("listeners", len(listeners), True),
            Check("messages that each has received", len(listeners[0].identifiers), True),
            Check("times that a listener has resumed on another node", moves, moves > 0),
            Check("messages missed, all listeners", missing, missing == 0),
            Check("messages received twice", repeated, repeated == 0),
            Check("listeners with the same sequence", equal, equal == len(listeners)),
            Check("`resync` events", resyncs, resyncs == 0),
        ]

    # Redis

    def restart_redis(self, seconds: float = 4.0) -> list[Check]:
        """Kill Redis, ask the nodes while it is away, and start it again."""
        cluster, customer = self.cluster, self.customers[0]
        connections = [len(listener.nodes) for listener in self.listeners]
        logs = [len(node.read_log()) for node in cluster.nodes]
        self._order(10)  # tasks that are under way when Redis is killed
        waiting = self.redis.hlen(ORDERS) - self.redis.hlen(DONE)
        cluster.redis.kill()
        with_session: Counter[int] = Counter()
        without: Counter[int] = Counter()
        retry_after = 0
        end = time.monotonic() + seconds
        while time.monotonic() < end or sum(without.values()) < 30:
            answer = customer.look(self.connection)
            with_session[answer.status] += 1
            retry_after += "retry-after" in answer.headers
            without[self.connection.ask("GET", "/items").status] += 1
            time.sleep(0.05)
        cluster.redis.start()
        repeat(lambda: customer.look(self.connection))
        self._order(10)
        self._wait_for_mails()
        checks = self.check_listeners()
        added = [node.read_log()[size:] for node, size in zip(cluster.nodes, logs, strict=True)]
        lines = [len(re.findall("The session store .* does not answer", log)) for log in added]
        lost = [len(re.findall("Channels: the connection .* is lost", log)) for log in added]
        back = [log.count("Channels: Redis answers again") for log in added]
        used = {listener.nodes[-1] for listener in self.listeners}
        expected = [int(str(number) in used) for number in range(1, len(cluster.nodes) + 1)]
        kept = sum(
            len(listener.nodes) == number
            for listener, number in zip(self.listeners, connections, strict=True)
        )
        refused = with_session[503]
        asked, unanswered = sum(with_session.values()), sum(without.values()) - without[200]
        return [
            Check("requests with a session while Redis was away", asked, asked > 0),
            Check(
                "of these, 503 with `Retry-After`",
                retry_after,
                refused == retry_after == asked,
            ),
            Check("requests without a session", without[200], without[200] > 0),
            Check("of these, failed", unanswered, unanswered == 0),
            Check("log lines about sessions, each node", lines, lines == [1] * len(lines)),
            Check("log lines about lost channels, each node", lost, lost == expected),
            Check("log lines about restored channels, each node", back, back == expected),
            Check("listeners whose connection stayed open", kept, kept == len(self.listeners)),
            Check("tasks that were not done when Redis was killed", waiting, waiting > 0),
            self._check_mails(),
            *self.check_customers(),
            *(check for check in checks if "resumed" not in check.what),
        ]

    # A rolling release

    def release(self, requests: int) -> list[Check]:
        """Replace the processes of all nodes, one node after the other, under load."""
        cluster = self.cluster
        cluster.set_release("2")
        load = Load(cluster.port, self.customers, requests, self.rate / 2)
        load.start()
        load.wait_for_share(0.1)
        for node, port in zip(cluster.nodes, cluster.node_ports, strict=True):
            old = self._ask_process(port)
            node.send(signal.SIGHUP)
            wait_until(partial(_has_ended, old), f"replaced: {node.name}")
        load.finish()
        released = [
            Connection(port).ask("GET", "/release").json["release"] for port in cluster.node_ports
        ]
        successful = load.statuses[200] + load.statuses[201]
        both = min(load.releases["1"], load.releases["2"])
        return [
            Check("requests sent", load.answered, load.answered == requests),
            Check("requests answered with success", successful, successful == requests),
            Check(
                "answered by the old release / by the new one",
                f"{load.releases['1']} / {load.releases['2']}",
                both > 0 and load.releases["1"] + load.releases["2"] == requests,
            ),
            Check("nodes with the new release", len(released), released == ["2"] * len(released)),
            Check("a WebSocket opens through nginx", "yes", opens_websocket(cluster.port)),
            *self.check_customers(),
            *self.check_listeners(),
        ]

    @staticmethod
    def _ask_process(port: int) -> int:
        connection = Connection(port)
        answer = connection.ask("GET", "/release")
        connection.close()
        return int(answer.headers["x-process"])

    # Tasks

    def kill_worker(self, orders: int) -> list[Check]:
        """Kill the worker in the middle of a task, and start it again."""
        self._wait_for_mails()
        before = set(self.redis.hkeys(QUEUED))
        self._order(orders)

        before_effect = self._kill_worker_between(ATTEMPTS, SENT)
        self._wait_for_mails()
        self._order(orders)
        after_effect = self._kill_worker_between(SENT, DONE)
        self._wait_for_mails()
        interrupted = [*before_effect, *after_effect]
        queued, attempts = self.redis.hgetall(QUEUED), self.redis.hgetall(ATTEMPTS)
        keys = set(queued) - before
        once = sum(queued[key] == "1" for key in keys)
        done = sum(self.redis.hexists(DONE, key) for key in keys)
        again = sum(int(attempts[key]) >= 2 for key in interrupted)
        mails = Counter(mail.partition(":")[0] for mail in self.redis.lrange(MAILS, 0, -1))
        sent = sum(mails[f"Order {key.partition(':')[2]}"] == 1 for key in keys)
        return [
            Check("orders", len(keys), len(keys) == 2 * orders),
            Check("tasks published once", once, once == len(keys)),
            Check("killed before the mail was sent", len(before_effect), len(before_effect) > 0),
            Check("killed after it, unconfirmed", len(after_effect), len(after_effect) > 0),
            Check("of both, begun again", again, again == len(interrupted)),
            Check("tasks done at least once", done, done == len(keys)),
            Check("orders with exactly one mail", sent, sent == len(keys)),
            self._check_mails(),
            *self.check_customers(),
        ]

    def _kill_worker_between(self, first: str, second: str) -> set[str]:
        """Kill the worker while tasks have taken a step but not the next one; start it again.

        :returns: the keys of these tasks.
        """
        worker = self.cluster.worker

        def find() -> set[str]:
            return set(self.redis.hkeys(first)) - set(self.redis.hkeys(second))

        def is_between() -> bool:
            if not find():
                return False
            worker.send_all(signal.SIGSTOP)
            if not find():
                worker.send_all(signal.SIGCONT)
                return False
            return True

        wait_until(is_between, "in the middle of a task", 30)
        worker.kill()
        found = find()
        worker.start()
        return found

    def _order(self, number: int) -> None:
        """Place orders, one after the other."""
        for index in range(number):
            customer = self.customers[index % len(self.customers)]
            for action in (customer.add, customer.order):
                status = repeat(partial(action, self.connection)).status
                if status != 201:
                    raise RuntimeError(f"The shop has answered {status}.")

    def _check_mails(self) -> Check:
        mails, orders = self.redis.lrange(MAILS, 0, -1), self.redis.hlen(ORDERS)
        is_right = len(mails) == len(set(mails)) == orders
        return Check(
            "mails / orders, since the cluster began", f"{len(mails)} / {orders}", is_right
        )

    def _wait_for_mails(self) -> None:
        def are_sent() -> bool:
            return bool(self.redis.hlen(DONE) == self.redis.hlen(ORDERS))

        wait_until(are_sent, "all mails sent")


def _has_ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False
