"""What `celery -A archive.jobs.celery_app` and Flower look at; the settings are those of the environment.

Only for looking (`inspect`, `status`, `events`) and for `control shutdown`: workers are started by `vanthu work`.
"""

from __future__ import annotations

from typing import Any, NoReturn

from celery.signals import celeryd_init

from archive import config
from archive.errors import BadSettings
from archive.jobs.broker import Broker
from archive.jobs.dispatch import open_jobs


def _opened() -> Any:
    dispatcher = open_jobs(config.load())
    if not isinstance(dispatcher, Broker):
        raise BadSettings("VANTHU_JOBS không phải celery+… nên không có gì để Celery xem.")
    return dispatcher.app


def _refuse(**_: Any) -> NoReturn:
    raise SystemExit("Hãy chạy `vanthu work`: nó là một worker của Celery, và làm cả những việc không ai báo.")


app = _opened()
celeryd_init.connect(_refuse, weak=False)
