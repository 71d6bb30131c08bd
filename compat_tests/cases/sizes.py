"""Sizes: where the length of a frame is written in another way, and the largest that are used."""

from __future__ import annotations

from compat_tests.cases.case import Case, simple


def sized(size: int) -> bytes:
    """A text of so many bytes. Its beginning tells it apart, where it has room for one."""
    beginning = f"a text of {size} bytes: "
    pattern = "abcdefghijklmnopqrstuvwxyz 0123456789 "
    text = beginning + pattern * (max(0, size - len(beginning)) // len(pattern) + 1)
    return text[:size].encode("ascii")


CASES: tuple[Case, ...] = (
    simple("empty-message", "an empty message", [b"", b"not empty", b""], group="sizes"),
    simple("one-byte", "one byte", [b"x", b"0", b" "], group="sizes"),
    simple(
        "length-in-7-bits",
        "up to 125 bytes",
        [sized(size) for size in (2, 64, 124, 125)],
        group="sizes",
        why="up to 125 bytes the length fits into the second byte",
    ),
    simple(
        "length-in-16-bits",
        "126 to 65,535 bytes",
        [sized(size) for size in (126, 127, 255, 256, 1000, 65_534, 65_535)],
        group="sizes",
    ),
    simple(
        "length-in-64-bits",
        "65,536 bytes and more",
        [sized(size) for size in (65_536, 65_537, 131_072)],
        group="sizes",
    ),
    simple("one-mebibyte", "1 MiB", [sized(1 << 20)], group="sizes", alone=True, slack_s=1.0),
    simple(
        "eight-mebibytes",
        "8 MiB",
        [sized(8 << 20), b"and a short one behind it"],
        group="sizes",
        why="the new server relays messages up to MAX_MESSAGE_BYTES, 8 MiB by default",
        alone=True,
        timed=False,
    ),
)
