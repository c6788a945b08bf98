"""A subscription that outlives its connections."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Callable, Iterator

import grpc

from . import errors
from .retrying import Retry, pause_after
from .v1 import alert_pb2, alert_service_pb2

# A stream that is silent for longer is given up, in seconds: the server sends a heartbeat each second.
SILENCE_SECONDS = 10.0


@dataclass(frozen=True)
class Event:
    """What a subscription tells: one of ``alert``, ``gap`` (history is gone: list the alerts anew) and, where asked for, ``heartbeat`` (everything
    up to its log time was judged; if ``stale``, that no alert came proves nothing). Store ``cursor`` once the event was dealt with."""

    cursor: str
    alert: alert_pb2.Alert | None = None
    gap: alert_service_pb2.Gap | None = None
    heartbeat: alert_service_pb2.Heartbeat | None = None


def follow(
    subscribe: Callable[[alert_service_pb2.SubscribeRequest], Iterator[alert_service_pb2.SubscribeResponse]],
    request: alert_service_pb2.SubscribeRequest,
    retry: Retry,
    heartbeats: bool,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Event]:
    """The events from the request's cursor on, over any number of connections. Ends only by an error that another attempt would meet again, or once
    `retry.attempts` in a row brought nothing."""
    pauses, idle = retry.pauses(), 0
    while True:
        try:
            for answer in _Listening(subscribe(request)).answers():
                pauses, idle = retry.pauses(), 0
                if answer.cursor:
                    request.cursor = answer.cursor
                event = _event(answer, request.cursor)
                if event is not None and (heartbeats or event.heartbeat is None):
                    yield event
            failure: errors.ChappeError = errors.broken("the server ended the stream")
        except grpc.RpcError as error:
            failure = errors.of_call(error)
        if not errors.passes(failure):
            raise failure
        idle += 1
        if idle >= retry.attempts:
            raise failure
        sleep(pause_after(failure, pauses))


class _Listening:
    """Gives a call up whose next answer does not come. Time that is spent on an answer does not count: only one that is waited for is late."""

    def __init__(self, call) -> None:
        self._call, self._since, self._over = call, None, threading.Event()
        threading.Thread(target=self._watch, name="chappe-silence", daemon=True).start()

    def _watch(self) -> None:
        while not self._over.wait(SILENCE_SECONDS / 10):
            since = self._since
            if since is not None and time.monotonic() - since > SILENCE_SECONDS:
                self._call.cancel()
                return

    def answers(self) -> Iterator[alert_service_pb2.SubscribeResponse]:
        try:
            while True:
                self._since = time.monotonic()
                answer = next(self._call, None)
                self._since = None
                if answer is None:
                    return
                yield answer
        finally:
            self._over.set()
            self._call.cancel()


def _event(answer: alert_service_pb2.SubscribeResponse, cursor: str) -> Event | None:
    which = answer.WhichOneof("event")  # none: of a later version
    return Event(cursor, **{which: getattr(answer, which)}) if which else None
