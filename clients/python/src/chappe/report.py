"""Reports from plain values: the names and words of the JSON that `chappe submit` reads."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Iterable

from google.protobuf.timestamp_pb2 import Timestamp

from .v1 import handling_pb2, incident_pb2

_KINDS = {name[len("INDICATOR_TYPE_"):].lower(): number for name, number in incident_pb2.IndicatorType.items() if number}


def report(
    *,
    report_key: str,
    incident_type: str,
    countries: Iterable[str],
    revision: int = 0,
    severity: str | None = None,
    tlp: str | None = None,
    pap: str | None = None,
    use: str | None = None,
    recipients: Iterable[str] = (),
    sectors: Iterable[str] = (),
    indicators: Iterable[str] = (),
    occurred_from: datetime | str | None = None,
    occurred_to: datetime | str | None = None,
    detected_at: datetime | str | None = None,
    title: str = "",
    summary: str = "",
    exercise: bool = False,
    backfill: bool = False,
    subsectors: Iterable[str] = (),
    confidence: str = "",
    notification: dict | None = None,
) -> incident_pb2.Incident:
    """One revision of one report. Words are those of the JSON form: ``severity="high"``, ``tlp="amber+strict"``, ``pap="green"``,
    ``use="match-only"``, ``indicators=["domain:bad.example"]``, ``notification={"stage": "early-warning", "aware_at": …}``, times as aware datetimes or RFC 3339. ``report(**json.loads(line))`` takes
    a line that `chappe submit` takes.

    Raises ValueError for a word that is none, naming those there are. What the words mean together, the server judges.
    """
    said = any(value is not None for value in (tlp, pap, use)) or bool(recipients)
    marking = handling_pb2.Marking(
        tlp=_word(handling_pb2.Tlp, "tlp", "TLP_", tlp),
        pap=_word(handling_pb2.Pap, "pap", "PAP_", pap),
        use=_word(handling_pb2.Use, "use", "USE_", use),
        recipients=_strings("recipients", recipients),
    )
    return incident_pb2.Incident(
        report_key=report_key,
        revision=revision,
        incident_type=incident_type,
        severity=_word(handling_pb2.Severity, "severity", "SEVERITY_", severity),
        marking=marking if said else None,
        occurred_from=_moment("occurred_from", occurred_from),
        occurred_to=_moment("occurred_to", occurred_to),
        detected_at=_moment("detected_at", detected_at),
        countries=_strings("countries", countries),
        sectors=_strings("sectors", sectors),
        indicators=[_indicator(value) for value in _strings("indicators", indicators)],
        title=title,
        summary=summary,
        exercise=exercise,
        backfill=backfill,
        subsectors=_strings("subsectors", subsectors),
        confidence=confidence,
        notification=None if notification is None else _notification(**notification),
    )


def _notification(*, stage: str, aware_at: datetime | str, handled_at: datetime | str | None = None, **said) -> incident_pb2.Notification:
    known = incident_pb2.Notification.DESCRIPTOR.fields_by_name
    unknown = [name for name in said if name not in known or name.endswith("_due")]
    if unknown:
        raise ValueError(f"notification: {unknown[0]!r} is none of {', '.join(name for name in known if not name.endswith('_due'))}")
    moments = {"aware_at": _moment("notification.aware_at", aware_at), "handled_at": _moment("notification.handled_at", handled_at)}
    return incident_pb2.Notification(stage=stage, **moments, **said)


def words(enum, number: int) -> str:
    """An enumeration's value in words: ``words(AlertKind, alert.kind)`` is ``cross-border``."""
    name = enum.Name(number)
    prefix = next(iter(enum.keys())).removesuffix("UNSPECIFIED")
    return name.removeprefix(prefix).lower().replace("_", "-")


def _word(enum, field: str, prefix: str, word: str | None) -> int:
    if word is None:
        return 0
    # TLP:AMBER+STRICT, as people write it.
    name = word.upper().removeprefix(prefix.replace("_", ":")).replace("+", "_").replace("-", "_")
    number = dict(enum.items()).get(prefix + name, 0)
    if not number:
        known = ", ".join(words(enum, number) for number in enum.values() if number)
        raise ValueError(f"{field}: {word!r} is none of {known}")
    return number


def _strings(field: str, values: Iterable[str]) -> list[str]:
    if isinstance(values, str):
        raise ValueError(f"{field}: {values!r} is one string: write a list, such as [{values!r}]")
    return list(values)


def _indicator(text: str) -> incident_pb2.Indicator:
    kind, colon, value = text.partition(":")
    name = kind.strip().lower()
    number = _KINDS.get(name.replace("-", "_"), _KINDS.get(name.replace("-", "")))
    if not colon or number is None:
        raise ValueError(f"indicators: {text[:64]!r} has no kind: write \"domain:bad.example\"; kinds are {', '.join(_KINDS)}")
    return incident_pb2.Indicator(type=number, value=value)


def _moment(field: str, at: datetime | str | None) -> Timestamp | None:
    if at is None:
        return None
    stamp = Timestamp()
    if isinstance(at, str):
        try:
            stamp.FromJsonString(at)
        except ValueError as error:
            raise ValueError(f'{field}: {at[:64]!r} is no time: write RFC 3339, such as "2026-03-02T06:15:00Z"') from error
        return stamp
    if at.tzinfo is None:
        raise ValueError(f"{field}: {at} has no time zone: give it one, such as datetime.timezone.utc")
    stamp.FromDatetime(at.astimezone(timezone.utc))
    return stamp
