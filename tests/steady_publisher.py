"""Publishes to rooms in turn, by whatever backend is in force, until its standard input ends.

python steady_publisher.py NAME RATE LEDGER ROOM...

``LEDGER`` gets a line for each message that was published: the room and the text, ``NAME NUMBER``.
Runs in the old environment too.
"""

import sys
import threading
import time
import uuid
from pathlib import Path

import django

django.setup()

from django.apps import apps  # noqa: E402 - needs Django to be set up

from channels_ws.notify.publication import Publication  # noqa: E402


def main():
    name, rate, ledger, rooms = sys.argv[1], float(sys.argv[2]), sys.argv[3], sys.argv[4:]
    publisher = apps.get_app_config("channels_ws_notify").publisher
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    number = 0
    with Path(ledger).open("a", buffering=1) as lines:
        while not ended.is_set():
            for room in rooms:
                text = f"{name} {number}"
                publisher.publish(Publication(room, text, uuid.uuid4().hex))
                lines.write(f"{room}\t{text}\n")
            number += 1
            time.sleep(len(rooms) / rate)


main()
