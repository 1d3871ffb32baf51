"""JSON logs with an allow-list of fields: one event, one line, no patient data."""

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime

# What may stand in a log line. A field that is not here is dropped, not masked.
ALLOWED = frozenset(
    {
        "event",
        "event_id",
        "tenant",
        "route",
        "method",
        "status",
        "milliseconds",
        "service",
        "hook_instance",
        "cards",
        "withheld",
        "unread",
        "partial",
        "cause",
        "attempts",
        "state",
        "rung",
        "count",
        "worker",
    }
)


class AllowListFormatter(logging.Formatter):
    """Writes the event's name and its allowed fields; never a message or traceback.

    A traceback can quote patient data from local values in messages, so an exception
    is logged as its class and the place in our code where it arose.
    """

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(
                timespec="milliseconds"
            ),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        fields = getattr(record, "fields", None)
        if isinstance(fields, Mapping):
            line |= {key: fields[key] for key in fields if key in ALLOWED}
        elif record.name.startswith("rom"):
            line["event"] = record.msg if not record.args else "unformatted"
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = record.exc_info[0].__name__
            line["at"] = _place(record)
        return json.dumps(line, ensure_ascii=True, default=str)


def _place(record: logging.LogRecord) -> str:
    assert record.exc_info is not None
    trace = record.exc_info[2]
    place = ""
    while trace is not None:
        code = trace.tb_frame.f_code
        place = f"{code.co_name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


def use_json_logs(level: str = "INFO") -> None:
    """All loggers write through the allow-list, to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(AllowListFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel("WARNING")
    logging.getLogger("rom").setLevel(level)
