"""Runs a command of ``wsmigrate`` that kills itself at a point of the relay (see nursery.py)."""

from __future__ import annotations

import sys

import django
from nursery import arrange_death

from migrate_cli.__main__ import main

if __name__ == "__main__":
    django.setup()
    arrange_death(sys.argv[1])
    main(sys.argv[2:])
