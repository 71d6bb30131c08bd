from __future__ import annotations

from typing import Any

import pytest

from channels_ws.consumers import room_of_scope
from wsmigrate.rooms import RoomError


@pytest.mark.parametrize(
    ("scope", "room"),
    [
        ({"raw_path": b"/caf%C3%A9/", "path": "/café/"}, "café"),
        ({"raw_path": b"/room?token=x", "path": "/room"}, "room"),
        ({"path": "/café"}, "café"),
        ({"path": "/%72"}, "%72"),
        ({"raw_path": None, "path": "/room"}, "room"),
    ],
)
def test_the_room_is_read_from_the_raw_path_where_the_server_gives_one(
    scope: dict[str, Any], room: str
) -> None:
    assert room_of_scope(scope) == room


def test_a_path_that_is_not_utf_8_is_refused_and_not_mended() -> None:
    with pytest.raises(RoomError, match="UTF-8"):
        room_of_scope({"raw_path": b"/%FF", "path": "/\ufffd"})
