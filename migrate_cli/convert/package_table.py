"""Which releases of packages work on the new stack: Django 5.2, Python 3.11 and newer."""

from __future__ import annotations

from dataclasses import dataclass

from packaging.version import Version


@dataclass(frozen=True)
class Package:
    """A package that old projects pin. ``least`` is the oldest release that supports Django 5.2 and
    Python 3.11, by its release notes; ``pin`` is one of the set that is installed and tested
    together (requirements/dev.txt, where it has the package)."""

    least: str
    pin: str
    below: str = ""
    """The upper bound that a range gets; "" for the next major release."""

    @property
    def range(self) -> str:
        """The releases to allow where no exact one is pinned."""
        return f">={self.least},<{self.below or Version(self.pin).major + 1}"


@dataclass(frozen=True)
class Unworkable:
    """Releases that cannot run from some Python on, and why."""

    below: str
    python: tuple[int, int]
    why: str


PACKAGES = {
    "amqp": Package("5.1.1", "5.4.2"),
    "asgiref": Package("3.8.1", "3.13.0"),
    "billiard": Package("4.2", "4.3.2"),
    "celery": Package("5.4", "5.7.0"),
    "channels": Package("4.3", "4.3.2"),
    "channels-postgres": Package("1.1.4", "1.1.4", "1.2"),
    "channels-redis": Package("4.3", "4.3.0"),
    "daphne": Package("4.1.2", "4.2.3"),
    "django": Package("5.2", "5.2.19", "5.3"),
    "django-allauth": Package("65.4", "65.21.1"),
    "django-celery-beat": Package("2.8", "2.9.0"),
    "django-celery-results": Package("2.6", "2.6.0"),
    "django-cors-headers": Package("4.7", "4.9.0"),
    "django-debug-toolbar": Package("5.1", "8.0.0"),
    "django-extensions": Package("4.0", "4.1"),
    "django-filter": Package("25.1", "26.2"),
    "django-jsonfield-backport": Package("1.0.5", "1.0.5"),
    "django-notifs": Package("4.0.0", "4.0.0"),
    "django-templated-mail": Package("1.1.1", "1.1.1"),
    "djangorestframework": Package("3.16", "3.18.3"),
    "djangorestframework-simplejwt": Package("5.5", "5.5.1"),
    "djoser": Package("2.3.1", "2.3.5"),
    "drf-yasg": Package("1.21.10", "1.21.18"),
    "gevent": Package("24.2", "26.9.0"),
    "greenlet": Package("3.0", "3.5.6"),
    "kombu": Package("5.4", "5.7.0"),
    "msgpack": Package("1.0.5", "1.2.4"),
    "pika": Package("1.4", "1.4.4"),
    "pillow": Package("10.1", "13.0.0"),
    "psycopg": Package("3.2", "3.3.9"),
    "psycopg2": Package("2.9.9", "2.9.13"),
    "psycopg2-binary": Package("2.9.9", "2.9.13"),
    "pyjwt": Package("2.8", "2.15.1"),
    "simplejson": Package("3.18", "4.3.0"),
    "sqlparse": Package("0.3.1", "0.6.1"),
    "twisted": Package("23.8", "26.10.0"),
    "uvicorn": Package("0.54", "0.54.0"),
    "uwsgi": Package("2.0.22", "2.0.31"),
    "vine": Package("5.0", "5.1.0"),
    "zope-event": Package("5.0", "6.2"),
    "zope-interface": Package("6.1", "8.7"),
}

UNWORKABLE = {
    "pika": Unworkable("0.12", (3, 7), "`async`, the name of an argument there, is a keyword"),
    "celery": Unworkable("4.3", (3, 7), "`async`, the name of a module there, is a keyword"),
    "django": Unworkable("4.2.8", (3, 12), "it imports distutils, which is gone"),
    "gevent": Unworkable("22.10.2", (3, 11), "it does not compile there"),
    "greenlet": Unworkable("2.0", (3, 11), "it does not compile there"),
    "uwsgi": Unworkable("2.0.21", (3, 11), "it does not compile there"),
    "billiard": Unworkable("3.6", (3, 7), "it uses `async` as a name"),
}

REPLACED = {
    "djangorestframework-jwt": (
        "djangorestframework-simplejwt",
        "is unmaintained since 2017 and does not import on Django 4 and newer",
    ),
}

NEEDED = ("channels", "channels-postgres", "psycopg[binary,pool]", "uvicorn")
"""What the new server needs beside wsmigrate."""
