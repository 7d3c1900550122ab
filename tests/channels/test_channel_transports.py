"""What every transport does: publish, subscribe, resume, resync, counts, names and sizes."""

from __future__ import annotations

import asyncio
import threading
import tracemalloc
import typing as t
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest
from polling import LONGEST, wait_until

from flask import Flask
from flask.channels import Channels, Message

MakeApp = Callable[..., Flask]


def receive(messages: t.Any, count: int) -> list[t.Any]:
    """Return the data of the next messages; "resync" for one that has none."""
    found = []
    for _ in range(count):
        message = messages.receive(LONGEST)
        found.append("resync" if message.is_resync else message.data)
    return found


async def receive_async(messages: t.Any, count: int) -> list[t.Any]:
    found = []
    async with asyncio.timeout(LONGEST):
        for _ in range(count):
            message = await anext(messages)
            found.append("resync" if message.is_resync else message.data)
    return found


def test_each_listener_gets_every_message_in_order(channels: Channels) -> None:
    with channels.subscribe("topic:1") as first, channels.subscribe("topic:1") as second:
        for number in range(20):
            channels.publish("topic:1", {"n": number})
        expected = [{"n": number} for number in range(20)]
        assert receive(first, 20) == receive(second, 20) == expected


def test_a_listener_gets_only_the_messages_of_its_channel(channels: Channels) -> None:
    with channels.subscribe("a") as messages:
        channels.publish("b", "another channel")
        channels.publish("a", "this channel")
        message = messages.receive(LONGEST)
    assert message is not None
    assert (message.channel, message.data, message.is_resync) == ("a", "this channel", False)
    assert repr(message).startswith(f"<Message {message.id} of 'a'")


def test_a_listener_gets_nothing_of_what_was_published_before(channels: Channels) -> None:
    channels.publish("a", "before")
    with channels.subscribe("a") as messages:
        channels.publish("a", "after")
        assert receive(messages, 1) == ["after"]
        with pytest.raises(TimeoutError, match="No message on 'a' in 0 seconds"):
            messages.receive(timeout=0)


def test_the_identifier_of_a_message_is_that_of_its_publication(channels: Channels) -> None:
    with channels.subscribe("a") as messages:
        publication = channels.publish("a", [1])
        message = messages.receive(LONGEST)
    assert message is not None
    assert message.id == publication.id == messages.position


@pytest.mark.parametrize("missed", [0, 1, 60])
def test_a_listener_that_resumes_gets_what_it_missed(channels: Channels, missed: int) -> None:
    channels.publish("a", "seen")
    with channels.subscribe("a") as messages:
        place = messages.position
    for number in range(missed):
        channels.publish("a", number)
    with channels.subscribe("a", after=place) as messages:
        channels.publish("a", "new")
        assert receive(messages, missed + 1) == [*range(missed), "new"]


def test_a_channel_without_messages_has_a_place_to_resume(channels: Channels) -> None:
    with channels.subscribe("a") as messages:
        place = messages.position
    channels.publish("a", "first")
    with channels.subscribe("a", after=place) as messages:
        assert receive(messages, 1) == ["first"]


def test_more_than_a_queue_is_read_page_by_page(
    make_app: MakeApp, config: dict[str, t.Any]
) -> None:
    app = make_app(**config, CHANNELS_QUEUE=5)
    channels = Channels(app)
    with channels.subscribe("a") as messages:
        place = messages.position
    for number in range(32):
        channels.publish("a", number)
    with channels.subscribe("a", after=place) as messages:
        assert receive(messages, 12) == [*range(12)]
        for number in range(32, 40):  # more than the queue, while it is still behind
            channels.publish("a", number)
        assert receive(messages, 28) == [*range(12, 40)]
        channels.publish("a", "live")
        assert receive(messages, 1) == ["live"]


PLACES = ["1-1", "18446744073709551615-18446744073709551615", "99999999999999999999-1"]
PLACES += ["", "0", "-", "1-1-1", "$", "+", "\u0661-\u0661", "1-1\r\nX: y", "x" * 10_000]


@pytest.mark.parametrize("after", PLACES)
def test_an_unknown_place_gives_one_resync(channels: Channels, after: str) -> None:
    last = channels.publish("a", "lost").id
    with channels.subscribe("a", after=after) as messages:
        message = messages.receive(LONGEST)
        assert message is not None
        assert (message.is_resync, message.data, message.json) == (True, None, "null")
        assert message.id == last
        channels.publish("a", "new")
        assert receive(messages, 1) == ["new"]
    with channels.subscribe("a", after=message.id) as messages:
        assert receive(messages, 1) == ["new"]


def test_a_history_that_is_gone_gives_one_resync(
    make_app: MakeApp, config: dict[str, t.Any]
) -> None:
    channels = Channels(make_app(**config, CHANNELS_HISTORY=10))
    with channels.subscribe("a") as messages:
        place = messages.position
    for number in range(300):  # Redis removes whole nodes of 100 entries
        channels.publish("a", number)
    with channels.subscribe("a", after=place) as messages:
        assert receive(messages, 1) == ["resync"]
        channels.publish("a", "new")
        assert receive(messages, 1) == ["new"]


def test_a_listener_that_does_not_read_has_a_bounded_queue(
    make_app: MakeApp, config: dict[str, t.Any]
) -> None:
    channels = Channels(make_app(**config, CHANNELS_QUEUE=8))
    with channels.subscribe("a") as slow, channels.subscribe("a") as fast:
        for number in range(20):
            channels.publish("a", number)
            assert receive(fast, 1) == [number]  # it is not delayed
        got = receive(slow, 1)
        while got[-1] != 19:
            got += receive(slow, 1)
    assert got == ["resync", *range(got[1], 20)]
    assert len(got) <= 8


def test_async_code_awaits_the_same_messages(channels: Channels) -> None:
    async def talk() -> None:
        async with channels.subscribe("a") as messages:
            publications = [channels.publish("a", number) for number in range(10)]
            assert await receive_async(messages, 10) == [*range(10)]
            identifiers = [await publication for publication in publications]
            assert identifiers[-1] == messages.position == publications[-1].id
            assert await channels.listeners("a") == 1
        assert await channels.listeners("a") == 0

    asyncio.run(talk())


def test_messages_that_are_not_awaited_keep_their_order(channels: Channels) -> None:
    async def say() -> None:
        for number in range(200):
            channels.publish("a", number)

    with channels.subscribe("a") as messages:
        asyncio.run(say())
        assert receive(messages, 200) == [*range(200)]


def test_threads_and_several_loops_listen_at_once(channels: Channels, app: Flask) -> None:
    results: dict[str, list[t.Any]] = {}
    ready = threading.Barrier(5, timeout=LONGEST)

    def in_thread(name: str) -> None:
        with app.app_context(), channels.subscribe("a") as messages:
            ready.wait()
            results[name] = receive(messages, 50)

    def on_loop(name: str) -> None:
        async def listen() -> list[t.Any]:
            async with channels.subscribe("a") as messages:
                await asyncio.to_thread(ready.wait)
                return await receive_async(messages, 50)

        with app.app_context():
            results[name] = asyncio.run(listen())

    threads = [
        threading.Thread(target=target, args=(f"{target.__name__} {number}",))
        for number in range(2)
        for target in (in_thread, on_loop)
    ]
    for thread in threads:
        thread.start()
    ready.wait()
    for number in range(50):
        channels.publish("a", number)
    for thread in threads:
        thread.join(LONGEST)
    assert results == {name: [*range(50)] for name in results}
    assert len(results) == 4


def test_messages_of_several_threads_have_one_order_for_all(channels: Channels) -> None:
    with channels.subscribe("a") as first, channels.subscribe("a") as second:
        threads = [
            threading.Thread(target=lambda: [channels.publish("a", n) for n in range(20)])
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LONGEST)
        got = receive(first, 80)
        assert got == receive(second, 80)
    assert sorted(got) == sorted([*range(20)] * 4)


def test_a_cancelled_reader_loses_no_message(channels: Channels) -> None:
    async def talk() -> None:
        async with channels.subscribe("a") as messages:
            waiting = asyncio.create_task(anext(messages))  # type: ignore[arg-type]
            await asyncio.sleep(0.01)
            waiting.cancel()
            await asyncio.wait({waiting})
            channels.publish("a", 1)
            channels.publish("a", 2)
            assert await receive_async(messages, 2) == [1, 2]

    asyncio.run(talk())


def test_the_data_of_a_message_belongs_to_its_listener(channels: Channels) -> None:
    with channels.subscribe("a") as first, channels.subscribe("a") as second:
        channels.publish("a", {"list": []})
        receive(first, 1)[0]["list"].append("changed")
        assert receive(second, 1) == [{"list": []}]


def test_data_is_written_as_the_application_writes_json(channels: Channels) -> None:
    with channels.subscribe("a") as messages:
        channels.publish("a", {"at": datetime(2026, 1, 2, tzinfo=UTC), "é": "NaN \u2028"})
        data = receive(messages, 1)[0]
    assert data == {"at": "Fri, 02 Jan 2026 00:00:00 GMT", "é": "NaN \u2028"}


@pytest.mark.parametrize(
    ("name", "data", "error", "text"),
    [
        ("", 1, ValueError, "1 to 200 bytes"),
        ("x" * 201, 1, ValueError, "1 to 200 bytes"),
        ("é" * 101, 1, ValueError, "this one has 202"),
        ("a\nb", 1, ValueError, "can be printed"),
        ("a\0b", 1, ValueError, "can be printed"),
        ("\ud800", 1, ValueError, "can be printed"),
        (7, 1, TypeError, "is a text, not int"),
        ("a", {1, 2}, TypeError, "not JSON serializable"),
        ("a", b"bytes", TypeError, "not JSON serializable"),
        ("a", float("nan"), ValueError, "NaN"),
        ("a", [float("-inf")], ValueError, "Infinity"),
        ("a", "x" * 65_535, ValueError, "65537 bytes as JSON, and CHANNELS_MESSAGE_SIZE"),
    ],
)
def test_what_cannot_be_published(
    channels: Channels, name: t.Any, data: object, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        channels.publish(name, data)
    if data == 1:
        for call in (channels.subscribe, channels.listeners, channels.stream):
            with pytest.raises(error, match=text):
                call(name)


def test_the_longest_name_and_the_largest_message_arrive(channels: Channels) -> None:
    name, data = "é" * 100, "x" * 65_534
    with channels.subscribe(name) as messages:
        channels.publish(name, data)
        assert receive(messages, 1) == [data]


def test_listeners_are_counted(channels: Channels) -> None:
    assert channels.listeners("a") == 0
    with channels.subscribe("a"), channels.subscribe("a"), channels.subscribe("b"):
        assert (channels.listeners("a"), channels.listeners("b")) == (2, 1)
    assert (channels.listeners("a"), channels.listeners("b")) == (0, 0)


def test_a_listener_takes_little_memory(channels: Channels) -> None:
    """1,000 listeners share each message, so a listener is its queue and little else."""
    count = 1000
    with ExitStack() as stack:
        stack.enter_context(channels.subscribe("a"))
        tracemalloc.start()
        try:
            subscriptions = [stack.enter_context(channels.subscribe("a")) for _ in range(count)]
            alone = tracemalloc.get_traced_memory()[0] / count
            for number in range(100):
                channels.publish("a", {"number": number, "text": "x" * 500})
            assert receive(subscriptions[-1], 100)[-1]["number"] == 99
            waiting = tracemalloc.get_traced_memory()[0] / count
        finally:
            tracemalloc.stop()
    assert alone < 4096, f"{alone:.0f} bytes for a listener"
    assert waiting < 8192, f"{waiting:.0f} bytes for a listener and 100 messages that wait"


def test_a_subscription_is_used_once(channels: Channels) -> None:
    messages = channels.subscribe("a")
    with messages, pytest.raises(RuntimeError, match="used once"):
        messages.__enter__()
    with pytest.raises(RuntimeError, match="used once"):
        messages.__enter__()
    assert list(messages) == []
    assert channels.listeners("a") == 0


def test_the_end_of_serving_ends_all_listeners_at_once(app: Flask, channels: Channels) -> None:
    ended = []

    def listen() -> None:
        with app.app_context(), channels.subscribe("a") as messages:
            ended.append(list(messages))

    async def listen_async() -> None:
        async with channels.subscribe("a") as messages:
            ended.append([message async for message in messages])

    threads = [
        threading.Thread(target=listen),
        threading.Thread(target=lambda: asyncio.run(listen_async())),
    ]
    for thread in threads:
        thread.start()
    wait_until(lambda: channels.listeners("a") == 2)
    app.extensions["channels"].close()
    for thread in threads:
        thread.join(LONGEST)
    assert ended == [[], []]
    with channels.subscribe("a") as messages:  # it begins again
        channels.publish("a", 1)
        assert receive(messages, 1) == [1]


def test_no_thread_starts_before_the_first_listener(
    make_app: MakeApp, config: dict[str, t.Any]
) -> None:
    before = set(threading.enumerate())
    app = make_app(**config)
    channels = Channels(app)
    with app.app_context():
        channels.publish("a", 1)
        assert channels.listeners("a") == 0
        assert channels.subscribe("a") is not None
    assert {thread.name for thread in set(threading.enumerate()) - before} == set()


def test_what_is_published_is_recorded_and_delivered(channels: Channels) -> None:
    async def say() -> None:
        await channels.publish("b", {"n": 2})

    with channels.subscribe("a") as messages, channels.recorded() as recorded:
        channels.publish("a", 1)
        asyncio.run(say())
        assert receive(messages, 1) == [1]
    channels.publish("a", 3)
    assert [(message.channel, message.data) for message in recorded] == [("a", 1), ("b", {"n": 2})]
    assert all(isinstance(message, Message) for message in recorded)
