"""What the server refuses, by type."""

from __future__ import annotations

from dataclasses import dataclass

import grpc
from google.rpc import error_details_pb2, status_pb2

# Longest pause that is waited out, in seconds. Where a server asks for more, whoever called decides.
LONGEST_RETRY_SECONDS = 60.0
_DETAILS = "grpc-status-details-bin"


@dataclass(frozen=True)
class Violation:
    """One fault of a request: the path of the field, such as ``incident.countries[0]``, and what is wrong with it."""

    field: str
    description: str


class ChappeError(Exception):
    """Whatever the server did not do. ``code`` is the gRPC status, ``reason`` that of google.rpc.ErrorInfo, where there is one."""

    def __init__(self, code: grpc.StatusCode, message: str, details: "_Details") -> None:
        self.code = code
        self.message = message
        self.reason = details.reason
        self.violations = details.violations
        self.retry_after_seconds = details.retry_after_seconds
        super().__init__(self._told())

    def _told(self) -> str:
        if not self.violations:
            return f"{self.message} ({self.code.name})"
        return "; ".join(f"{fault.field}: {fault.description}" for fault in self.violations)


class Refused(ChappeError):
    """The server answered and will answer the same again."""


class InvalidReport(Refused):
    """INVALID_ARGUMENT: ``violations`` names every fault at once."""


class Conflict(Refused):
    """ALREADY_EXISTS: another content stands under this report key and revision. Raise the revision to change a report."""


class NotAllowed(Refused):
    """UNAUTHENTICATED or PERMISSION_DENIED: the token is none of a member's, or the member may not do this."""


class NotFound(Refused):
    """NOT_FOUND: there is none, or the caller may not see it; which of the two is not told."""


class Overloaded(ChappeError):
    """RESOURCE_EXHAUSTED, and still so after all attempts, or for longer than is waited out. Nothing was stored; come again after
    ``retry_after_seconds``."""


class Unknown(ChappeError):
    """UNAVAILABLE or no answer in time, and still so after all attempts. It may have been stored: sending the same again is safe."""


class Closed(ChappeError):
    """The client was closed meanwhile. As with `Unknown`, what was under way may have been stored."""


_TYPES = {
    grpc.StatusCode.INVALID_ARGUMENT: InvalidReport,
    grpc.StatusCode.OUT_OF_RANGE: InvalidReport,
    grpc.StatusCode.ALREADY_EXISTS: Conflict,
    grpc.StatusCode.UNAUTHENTICATED: NotAllowed,
    grpc.StatusCode.PERMISSION_DENIED: NotAllowed,
    grpc.StatusCode.NOT_FOUND: NotFound,
    grpc.StatusCode.RESOURCE_EXHAUSTED: Overloaded,
    grpc.StatusCode.UNAVAILABLE: Unknown,
    grpc.StatusCode.DEADLINE_EXCEEDED: Unknown,
    grpc.StatusCode.CANCELLED: Unknown,
    # A connection that breaks in the middle of an answer.
    grpc.StatusCode.UNKNOWN: Unknown,
    grpc.StatusCode.INTERNAL: Unknown,
}


def of_call(error: grpc.RpcError) -> ChappeError:
    """The error of a call that failed."""
    metadata = error.trailing_metadata() or ()
    packed = next((value for name, value in metadata if name == _DETAILS), b"")
    return _typed(error.code(), error.details() or "", _Details.read(packed))


def of_status(status: status_pb2.Status) -> ChappeError:
    """The error of one report, which stands as a message in a stream. What is wrong inside the server is final there: the stream goes on."""
    code = next((code for code in grpc.StatusCode if code.value[0] == status.code), grpc.StatusCode.UNKNOWN)
    details = _Details.of(status)
    if code in (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN):
        return Refused(code, status.message, details)
    return _typed(code, status.message, details)


def too_large(size: int, most: int) -> InvalidReport:
    """A report that the server would end a whole stream over."""
    fault = Violation("incident", f"{size} bytes, at most {most}: leave indicators or text out, or make two reports of it")
    return InvalidReport(grpc.StatusCode.INVALID_ARGUMENT, "too large", _Details((fault,)))


def passes(error: ChappeError) -> bool:
    """Whether the same may be sent again, after a pause that is waited out."""
    waits = error.retry_after_seconds is None or error.retry_after_seconds <= LONGEST_RETRY_SECONDS
    return isinstance(error, (Overloaded, Unknown)) and waits


def broken(message: str) -> Unknown:
    """A connection that ended without a status."""
    return Unknown(grpc.StatusCode.UNAVAILABLE, message, _Details())


def _typed(code: grpc.StatusCode, message: str, details: "_Details") -> ChappeError:
    return _TYPES.get(code, Refused)(code, message, details)


@dataclass(frozen=True)
class _Details:
    violations: tuple[Violation, ...] = ()
    retry_after_seconds: float | None = None
    reason: str | None = None

    @classmethod
    def read(cls, packed: bytes) -> "_Details":
        status = status_pb2.Status()
        try:
            status.ParseFromString(packed)
        except Exception:  # details are a help, not a promise: the code stands without them
            return cls()
        return cls.of(status)

    @classmethod
    def of(cls, status: status_pb2.Status) -> "_Details":
        bad, retry, info = error_details_pb2.BadRequest(), error_details_pb2.RetryInfo(), error_details_pb2.ErrorInfo()
        violations: tuple[Violation, ...] = ()
        seconds = reason = None
        for detail in status.details:
            if detail.Unpack(bad):
                violations = tuple(Violation(fault.field, fault.description) for fault in bad.field_violations)
            elif detail.Unpack(retry):
                seconds = max(retry.retry_delay.seconds + retry.retry_delay.nanos / 1e9, 0.0)
            elif detail.Unpack(info):
                reason = info.reason
        return cls(violations, seconds, reason)


NO_DETAILS = _Details()
