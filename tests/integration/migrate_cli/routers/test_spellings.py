"""Spellings of one room go to one server, whatever the door is."""

from __future__ import annotations

import random
import re
import string

import pytest

from wsmigrate.rooms import room_of_path

NAMES = ("r", "a b", "a+b", "a?b#c", "100%", "é€😀", "x;y=1&z", "A.B", "%72", "<>{}$", "..a", ".")
PLAIN = frozenset(string.ascii_letters + string.digits + ".-_~+;=&'$")
ROOMS = 50
SPELLINGS = 8
DOT_SEGMENT = re.compile(r"(^|/|%2f)(\.|%2e){1,2}(?=$|/|%2f)", re.IGNORECASE)
BARE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


def spelling_of(room: str, choice: random.Random) -> str:
    """One of the many request targets that stand for a room."""
    letters = []
    for byte in room.encode():
        if choice.random() < 0.3:
            letters.append(choice.choice(("/", "//", "%2F", "%2f", "/%2F/")))
        plain = chr(byte) if chr(byte) in PLAIN else ""
        code = f"%{byte:02x}" if choice.random() < 0.5 else f"%{byte:02X}"
        letters.append(plain if plain and choice.random() < 0.7 else code)
    query = choice.choice(("", "?", "?room=other", "?a=/b%2Fc"))
    return "/" + "".join(letters) + choice.choice(("", "/", "//")) + query


def spellings(room: str, choice: random.Random, *, dots: bool) -> set[str]:
    found: set[str] = set()
    while len(found) < SPELLINGS:
        target = spelling_of(room, choice)
        path = target.partition("?")[0]
        assert room_of_path(path.encode()) == room
        if dots or not DOT_SEGMENT.search(path):
            found.add(target)
    return found


def test_hundreds_of_spellings_agree(stand):
    stand.router.set_share(50)
    choice = random.Random(7)
    # With maps nginx has resolved dots that stand alone (see nginx_configuration).
    dots = stand.kind != "nginx"
    names = [name for name in NAMES if dots or name != "."]
    seen = set()
    for number in range(ROOMS):
        # Of one room alone they would agree by chance every other time.
        room = f"{names[number % len(names)]}{number}"
        answers = {
            target: stand.client.answer(target) for target in spellings(room, choice, dots=dots)
        }
        # nginx refuses by itself what climbs above the root.
        refused = {target for target, answer in answers.items() if answer["status"] == "400"}
        assert all(stand.kind == "nginx-js" and DOT_SEGMENT.search(target) for target in refused)
        servers = {target: answers[target]["x-server"] for target in answers.keys() - refused}
        assert len(set(servers.values())) <= 1, (room, servers)
        seen |= set(servers.values())
    assert seen == {"legacy", "channels"}


@pytest.mark.parametrize("pair", [("/100%", "/100%25"), ("/%zz%41", "/%25zzA"), ("/%%41", "/%25A")])
def test_a_percent_sign_that_begins_no_code_stands_for_itself(stand, pair):
    if stand.kind == "haproxy-adopted":
        pytest.skip("its configuration is somebody else's")
    assert len({room_of_path(path.encode()) for path in pair}) == 1
    stand.router.set_share(50)
    for number in range(20):
        answers = [stand.client.answer(f"{path}-{number}") for path in pair]
        if stand.kind.startswith("nginx"):
            # nginx refuses such a path by itself, before anything of ours.
            assert answers[0]["status"] == "400"
        else:
            assert len({answer["x-server"] for answer in answers}) == 1


@pytest.mark.parametrize("target", ["/%00", "/%0d%0aX-Server:%20nobody", "/"])
def test_a_path_that_is_no_room_is_passed_on_or_refused_unharmed(stand, target):
    assert stand.client.answer(target)["status"] in {"200", "400"}


def test_a_client_cannot_choose_its_server_by_a_header(stand):
    stand.router.set_share(50)
    plain = stand.client.servers_of_rooms(30)
    header = "X-Wsmigrate-Room: 7"
    chosen = {room: stand.client.answer(f"/{room}", header)["x-server"] for room in plain}
    assert chosen == plain
