"""A Celery task of django-notifs that is retried publishes with the same id: what came through
after all is not delivered twice."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from old_notifs import old_notifs_folder

ROOT = Path(__file__).resolve().parents[4]
SCRIPT = Path(__file__).with_name("retried_script.py")


@pytest.mark.parametrize("version", [3, 4])
def test_a_task_that_is_retried_keeps_its_id_and_no_other_one_has_it(version: int) -> None:
    path = [old_notifs_folder(), ROOT] if version == 3 else [ROOT]
    ended = subprocess.run(
        [sys.executable, SCRIPT],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stderr
    ids = ended.stdout.split()
    assert len(ids) == 5
    assert len(set(ids[:3])) == 1, ids
    assert len(set(ids)) == 3, ids
