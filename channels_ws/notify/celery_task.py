"""The Celery task that sends one notification of django-notifs 3.0, if that is what runs now."""

from __future__ import annotations

_NAME = "notifications.backends.celery.send_notification"
"""It carries one notification for one channel. A task of the site's own may notify several times,
so that its id tells none from the next."""


def task_of_one_notification() -> str | None:
    """The id of the task, which it keeps when it is tried again or delivered again; else None."""
    try:
        from celery import current_task  # noqa: PLC0415 - a site may do without Celery
    except ImportError:
        return None
    if not current_task or current_task.name != _NAME:
        return None
    task: str | None = current_task.request.id
    return task
