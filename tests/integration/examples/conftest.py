"""One site under uWSGI for all tests of the REST API; each test has users and chats of its own."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator

import pytest
from chatire_site import Account, Site, running_site, uwsgi


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(uwsgi, tmp_path_factory.mktemp("uwsgi-site")) as running:
        yield running


@pytest.fixture(scope="session")
def people(site: Site) -> Callable[[str], Account]:
    """Accounts by name, made once: the hashing of a password takes its time, on purpose."""
    known: dict[str, Account] = {}
    unique = secrets.token_hex(3)

    def person(name: str) -> Account:
        if name not in known:
            known[name] = site.sign_up(f"{name}-{unique}")
        return known[name]

    return person


@pytest.fixture
def ada(people: Callable[[str], Account]) -> Account:
    return people("ada")


@pytest.fixture
def ben(people: Callable[[str], Account]) -> Account:
    return people("ben")
