"""Client of Chappe, the rapid-alert service for Europe's CSIRTs.

>>> from chappe import Client, report
>>> with Client("127.0.0.1:7600", token="…") as chappe:              # doctest: +SKIP
...     chappe.submit(report(report_key="2026-17", incident_type="fraud/phishing", tlp="amber",
...                          countries=["AT"], indicators=["domain:login-bank.example"]))
...     for event in chappe.subscribe():
...         print(event.alert.name, event.cursor)

What it is not: it keeps nothing. Whoever must not miss an alert over restarts stores ``event.cursor`` after acting on the event.
"""

from .client import Client
from .errors import (
    ChappeError,
    Closed,
    Conflict,
    InvalidReport,
    NotAllowed,
    NotFound,
    Overloaded,
    Refused,
    Unknown,
    Violation,
)
from .following import Event
from .report import report, words
from .retrying import Retry

__all__ = [
    "ChappeError",
    "Client",
    "Closed",
    "Conflict",
    "Event",
    "InvalidReport",
    "NotAllowed",
    "NotFound",
    "Overloaded",
    "Refused",
    "Retry",
    "Unknown",
    "Violation",
    "report",
    "words",
]
