"""Room names of every form. ``{a}`` is new for each run: 27 characters of
``[a-z2-7]``."""

from __future__ import annotations

from compat_tests.cases.case import Case, Client, Join, Publish, Settle

_OF_SUFFIX = 27


def _named(name: str, title: str, *paths: str, why: str = "") -> Case:
    """A case of a client for each path. Each path gets a message of its own, and those that are one
    room get all of them."""
    clients = tuple(Client(f"path-{number}", path) for number, path in enumerate(paths, 1))
    return Case(
        f"room-{name}",
        f"a room's name: {title}",
        clients,
        (
            Join(tuple(client.name for client in clients)),
            *(
                Publish(client.name, (f"to {client.name} of {name}".encode(), b"again"))
                for client in clients
            ),
            Settle(),
        ),
        why=why,
        group="rooms",
    )


def _refused(name: str, title: str, *paths: str, why: str) -> Case:
    clients = tuple(Client(f"path-{number}", path) for number, path in enumerate(paths, 1))
    return Case(
        f"refused-{name}",
        f"a room that cannot be: {title}",
        clients,
        (Join(tuple(client.name for client in clients)),),
        why=why,
        legacy="refuses the handshake with 403",
        channels="refuses the handshake with 403",
        group="rooms",
    )


CASES: tuple[Case, ...] = (
    _named("slashes", "slashes at both ends and doubled", "/{a}", "/{a}/", "//{a}", "/{a}//"),
    _named("nested", "several segments are one name", "/{a}/x/y", "/{a}xy", "/{a}x/y/"),
    _named(
        "encoded",
        "percent-encoded, as it need be and as it need not",
        "/{a}%20b",
        "/{a}%2Fc",
        "/{a}c",
        "/{a}%252Fc",
        "/%7B{a}%7D",
        "/{a}%25",
    ),
    _named("unicode", "not ASCII", "/{a}-gr%C3%BC%C3%9Fe", "/{a}-%E4%B8%96%F0%9F%8E%89"),
    _named("decomposed", "composed and decomposed are two", "/{a}-%C3%A9", "/{a}-e%CC%81"),
    _named("case", "upper and lower case are two", "/{a}-Room", "/{a}-room", "/{a}-ROOM"),
    _named(
        "punctuation",
        "punctuation",
        "/{a}-_.~",
        "/{a}:1",
        "/{a}@x",
        "/{a}+b",
        "/{a},;=",
        "/{a}!$&'()*",
    ),
    _named("query", "a query string is no part of it", "/{a}?x=1", "/{a}", "/{a}?y=/b&z=%2F"),
    _named("control", "control characters", "/{a}%01", "/{a}%09", "/{a}%7F"),
    _named(
        "88-and-89",
        "88 and 89 characters",
        f"/{{a}}{'x' * (88 - _OF_SUFFIX)}",
        f"/{{a}}{'x' * (89 - _OF_SUFFIX)}",
        why="channels-postgres leaves a group 88 characters; longer names are hashed",
    ),
    _named(
        "100-to-255",
        "100, 200 and 255 characters",
        *(f"/{{a}}{'y' * (size - _OF_SUFFIX)}" for size in (100, 200, 255)),
        why="an exchange's name has up to 255 bytes",
    ),
    _named(
        "looks-hashed",
        "a name that looks like the hash of one",
        f"/x-{'a' * 25}{{a}}",
        why="such names are hashed once more, so that no two rooms share a group",
    ),
    _named("amq-inside", "`amq.` not at the beginning", "/{a}amq.x", "/AMQ.{a}"),
    _refused("empty", "the empty one", "/", "//", "/?room={a}", why="RabbitMQ reserves it"),
    _refused("amq", "`amq.` at the beginning", "/amq.{a}", "/a/mq.{a}", why="RabbitMQ reserves it"),
    _refused(
        "256-to-300",
        "256 and 300 characters",
        f"/{{a}}{'z' * (256 - _OF_SUFFIX)}",
        f"/{{a}}{'z' * (300 - _OF_SUFFIX)}",
        f"/{{a}}{'%C3%A9' * 115}",
        why="an exchange's name has at most 255 bytes",
    ),
    _refused("not-utf-8", "not UTF-8", "/{a}%FF", "/{a}%ED%A0%80", why="AMQP names are UTF-8"),
    _refused(
        "nul-cr-lf",
        "NUL, CR and LF",
        "/{a}%00",
        "/{a}%0D",
        "/{a}%0A",
        why="RabbitMQ drops CR and LF, PostgreSQL takes no NUL",
    ),
)
