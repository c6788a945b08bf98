"""Many reports over one stream, again and again until each has its answer."""

from __future__ import annotations

import time
from collections import deque
from typing import Callable, Iterable, Iterator, Union

import grpc

from . import errors
from .retrying import Retry, pause_after
from .v1 import incident_pb2, incident_service_pb2

# Reports under way at once: those of one stream.
WINDOW = 1_000
# The largest message that the server takes, and what a stream adds to a report.
MESSAGE_BYTES = 1024 * 1024
ENVELOPE_BYTES = 32

Outcome = tuple[incident_pb2.Incident, Union[incident_service_pb2.Receipt, errors.Refused]]
Stream = Callable[[Iterator[incident_service_pb2.SubmitStreamRequest]], Iterator[incident_service_pb2.SubmitStreamResponse]]


class Batch:
    """What is under way: no more than `WINDOW` reports, whatever comes behind them."""

    def __init__(self, reports: Iterable[incident_pb2.Incident], retry: Retry, sleep: Callable[[float], None] = time.sleep) -> None:
        self._reports, self._retry, self._sleep = iter(reports), retry, sleep
        self._next, self._pending, self._spent, self._broken = 0, {}, False, None

    def outcomes(self, stream: Stream) -> Iterator[Outcome]:
        """Each report with its receipt, or with why it is refused for good; in the order of the answers. Raises once `retry.attempts` streams in a row
        brought nothing, or where the server refuses the caller: what was told by then stands, and the rest may be sent again."""
        pauses, idle = self._retry.pauses(), 0
        while self._fill() or self._pending:
            yield from self._too_large()
            if not self._pending:
                continue
            setback = errors.broken("the server ended the stream")
            try:
                for answer in stream(self._requests(deque(sorted(self._pending)))):
                    report = self._pending.get(answer.sequence)
                    if report is None:
                        continue
                    outcome = _outcome(answer)
                    if isinstance(outcome, (errors.Overloaded, errors.Unknown)):
                        setback = outcome  # it stays pending
                        continue
                    del self._pending[answer.sequence]
                    pauses, idle = self._retry.pauses(), 0
                    yield report, outcome
            except grpc.RpcError as error:
                setback = errors.of_call(error)
            if self._pending and not errors.passes(setback):
                raise setback
            if not self._pending:
                continue
            idle += 1
            if idle >= self._retry.attempts:
                raise setback
            self._sleep(pause_after(setback, pauses))

    def _fill(self) -> bool:
        """Takes reports up to the window; whether there is anything to send. Where their source fails, what it gave is sent first."""
        while not self._spent and len(self._pending) < WINDOW:
            try:
                report = next(self._reports, None)
            except Exception as error:
                self._spent, self._broken = True, error
                break
            if report is None:
                self._spent = True
                break
            self._pending[self._next] = report
            self._next += 1
        if not self._pending and self._broken is not None:
            raise self._broken
        return bool(self._pending)

    def _too_large(self) -> Iterator[Outcome]:
        """The server would end the stream over one, and tell nothing of the others."""
        for sequence, report in list(self._pending.items()):
            size = report.ByteSize()
            if size + ENVELOPE_BYTES > MESSAGE_BYTES:
                del self._pending[sequence]
                yield report, errors.too_large(size, MESSAGE_BYTES - ENVELOPE_BYTES)

    def _requests(self, sending: deque) -> Iterator[incident_service_pb2.SubmitStreamRequest]:
        while sending:
            sequence = sending.popleft()
            report = self._pending.get(sequence)
            if report is not None:
                yield incident_service_pb2.SubmitStreamRequest(sequence=sequence, incident=report)


def _outcome(answer: incident_service_pb2.SubmitStreamResponse):
    if answer.WhichOneof("outcome") == "receipt":
        return answer.receipt
    return errors.of_status(answer.error)
