"""A Celery worker's tasks: celery -A switch_site.worker worker."""

from __future__ import annotations

import os

import celery
import django

django.setup()

from switch_site.posting import post as post_now  # noqa: E402 - needs Django to be set up

app = celery.Celery("switch_site", broker=os.environ["WSMIGRATE_AMQP_URL"])
app.conf.update(task_default_queue=os.environ.get("SWITCH_SITE_QUEUE", "switch-site"))


@app.task(name="post")
def post(room: str, text: str) -> None:
    """Post within the worker."""
    post_now(room, text)
