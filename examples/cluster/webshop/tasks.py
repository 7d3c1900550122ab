"""Work that outlives a request: Celery, with the application context around each task."""

from __future__ import annotations

import time
import typing as t

from celery import Celery, Task, shared_task
from celery.exceptions import Reject
from redis.exceptions import RedisError

from flask import Flask, current_app

PAUSE = 1.0
"""Seconds before a task that has failed goes back into the queue."""


def create_celery(app: Flask, broker: str) -> Celery:
    """Create the Celery application that belongs to an application.

    :param app: its context is current in each task.
    :param broker: the URL of the broker.
    """

    class ContextTask(Task):
        def __call__(self, *args: object, **kwargs: object) -> object:
            with app.app_context():
                return self.run(*args, **kwargs)

    celery = Celery(app.import_name, task_cls=ContextTask)
    celery.conf.update(
        broker_url=broker,
        broker_connection_retry_on_startup=True,
        broker_transport_options={
            # A task that a killed worker had is repeated after this time. Workers look for such
            # tasks every 5 seconds; by default every 100.
            "visibility_timeout": app.config["TASK_SECONDS"],
            "unacked_restore_interval": 5,
            "unacked_restore_throttle": 1,
            "socket_timeout": 5,
            "socket_connect_timeout": 2,
        },
        task_ignore_result=True,
        # A task is confirmed when it is done. So it is done at least once, and has to be
        # idempotent.
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        task_publish_retry_policy={"max_retries": 2, "interval_start": 0.1, "interval_step": 0.2},
    )
    celery.set_default()
    app.extensions["celery"] = celery
    return celery


@shared_task(name="webshop.send_mail")
def send_mail(key: str, text: str) -> None:
    """Send the mail of an order.

    The worker may be killed at any place, and Celery repeats the task then. The key makes the
    second mail impossible.
    """
    outbox: t.Any = current_app.extensions["outbox"]
    try:
        outbox.note_attempt(key)
        time.sleep(current_app.config["MAIL_SECONDS"] / 2)  # the mail server receives the mail
        outbox.send(key, text)
        time.sleep(current_app.config["MAIL_SECONDS"] / 2)  # and confirms it
        outbox.note_done(key)
    except RedisError as error:
        # Celery confirms a task that fails. This one goes back into the queue. If the broker is
        # away too, the task stays without confirmation, and is repeated later.
        time.sleep(PAUSE)
        raise Reject(str(error), requeue=True) from error
