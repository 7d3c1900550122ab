"""A room imports only rooms below it, at run time and for types alike."""

from __future__ import annotations

import pytest
from rooms import FLOOR_OF, NAMES, ROOMS, Room, imports_of


def test_every_room_is_in_the_table_and_the_table_has_no_others() -> None:
    assert sorted(NAMES - set(FLOOR_OF)) == []
    assert sorted(set(FLOOR_OF) - NAMES) == []


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_a_room_imports_only_rooms_below(room: Room) -> None:
    own = FLOOR_OF[room.name]
    wrong = [
        f"line {found.line}: {found.room}"
        for found in imports_of(room)
        if found.room not in FLOOR_OF or FLOOR_OF[found.room] >= own
    ]
    assert wrong == []


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_no_room_is_imported_only_for_types(room: Room) -> None:
    wrong = [
        f"line {found.line}: {found.room}" for found in imports_of(room) if found.is_for_types_only
    ]
    assert wrong == []


def test_the_reader_of_imports_sees_them_all() -> None:
    """The tests above would pass for a reader that sees nothing."""
    seen = {room.name: {found.room for found in imports_of(room)} for room in ROOMS}
    assert {"asgi", "helpers", "cli", "templating"} <= seen["app"]
    assert {"_request", "_response"} <= seen["wrappers"]
    assert "json" in seen["json/tag"]
    assert "_current" in seen["json"]
    assert "_application" in seen["cli/_script"]
    assert "app" in seen["globals"]
