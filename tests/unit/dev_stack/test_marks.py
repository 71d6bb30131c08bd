import pytest

from dev_stack.marks import VARIABLE, Mark

STACK = Mark("abc")


def environ(*entries: str) -> bytes:
    return b"".join(entry.encode() + b"\0" for entry in entries)


@pytest.mark.parametrize(
    "entries",
    [
        (f"{VARIABLE}=abc/",),
        (f"{VARIABLE}=abc/legacy",),
        ("PATH=/bin", f"{VARIABLE}=abc/legacy", "HOME=/"),
    ],
)
def test_a_stack_is_recognised_by_the_mark_of_any_of_its_parts(entries):
    assert STACK.is_in(environ(*entries))


@pytest.mark.parametrize(
    "entries",
    [
        (),
        (f"{VARIABLE}=abcd/legacy",),
        (f"{VARIABLE}=xabc/legacy",),
        (f"NOT_{VARIABLE}=abc/legacy",),
        (f"OTHER={VARIABLE}=abc/legacy",),
    ],
)
def test_other_stacks_and_other_variables_are_not_taken_for_it(entries):
    assert not STACK.is_in(environ(*entries))


def test_a_part_is_told_from_one_whose_name_begins_alike():
    part = STACK.of_part("site")
    assert part.is_in(environ(f"{VARIABLE}=abc/site"))
    assert not part.is_in(environ(f"{VARIABLE}=abc/site2"))
    assert not part.is_in(environ(f"{VARIABLE}=abc/"))


def test_what_a_process_is_given_is_what_it_is_found_by():
    part = STACK.of_part("bridge")
    given = environ(*(f"{name}={value}" for name, value in part.environ().items()))
    assert part.is_in(given)
    assert STACK.is_in(given)
