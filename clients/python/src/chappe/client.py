"""A member's side of the gRPC API."""

from __future__ import annotations

import ipaddress
import os
import threading
from typing import Iterable, Iterator

import grpc

from . import errors, following, submitting
from .report import words
from .retrying import Retry
from .v1 import (
    alert_pb2,
    alert_service_pb2,
    alert_service_pb2_grpc,
    incident_pb2,
    incident_service_pb2,
    incident_service_pb2_grpc,
)

# One message, in bytes, as the server takes it; an answer with a page of alerts may be larger.
ANSWER_BYTES = 64 * 1024 * 1024
# A silent connection is asked whether it lives, and given up without an answer; in milliseconds.
_CHANNEL = [
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.max_receive_message_length", ANSWER_BYTES),
    ("grpc.enable_retries", 0),  # we know what may be sent again, and when
]


class Client:
    """A connection to an installation, as one member. Threads may share it. Everything that may be sent again is, by ``retry``; what then still fails is
    raised as a `ChappeError`.

    ``credentials`` are gRPC channel credentials, for an installation behind TLS. Without them the address must be loopback, such as the end of a tunnel:
    a token is not sent in plain text over a network. Who speaks is said by the certificate among the credentials, or by ``token``: by one of them.
    """

    def __init__(
        self,
        address: str = "127.0.0.1:7600",
        *,
        token: str | None = None,
        credentials: grpc.ChannelCredentials | None = None,
        retry: Retry = Retry(),
        timeout_seconds: float = 30.0,
    ) -> None:
        if token is None and credentials is None:
            raise ValueError("who speaks? Give a token, or credentials with a certificate: Client.from_certificate_files")
        if credentials is None:
            _refuse_unless_loopback(address)
            # Loopback is meant: a proxy that the environment names would be told the token.
            self._channel = grpc.insecure_channel(address, options=[*_CHANNEL, ("grpc.enable_http_proxy", 0)])
        else:
            self._channel = grpc.secure_channel(address, credentials, options=_CHANNEL)
        self._incidents = incident_service_pb2_grpc.IncidentServiceStub(self._channel)
        self._alerts = alert_service_pb2_grpc.AlertServiceStub(self._channel)
        self._metadata = () if token is None else (("authorization", f"Bearer {token.strip()}"),)
        self._retry, self._timeout, self._closed = retry, timeout_seconds, threading.Event()

    @classmethod
    def from_token_file(cls, path: str | os.PathLike[str], address: str = "127.0.0.1:7600", **more) -> "Client":
        """With the token that a file holds by itself, so that it stands in no argument and no environment."""
        with open(path, encoding="ascii") as file:
            return cls(address, token=file.read(), **more)

    @classmethod
    def from_certificate_files(
        cls,
        certificate: str | os.PathLike[str],
        key: str | os.PathLike[str],
        authorities: str | os.PathLike[str],
        address: str = "localhost:7600",
        **more,
    ) -> "Client":
        """By certificate, over TLS: files in PEM with the member's certificate and what stands above it, its private key, and who may sign for the server."""

        def read(path: str | os.PathLike[str]) -> bytes:
            with open(path, "rb") as file:
                return file.read()

        credentials = grpc.ssl_channel_credentials(read(authorities), read(key), read(certificate))
        return cls(address, credentials=credentials, **more)

    @classmethod
    def from_identity_folder(cls, folder: str | os.PathLike[str], address: str = "localhost:7600", **more) -> "Client":
        """By certificate, from a folder with ``certificate.pem``, ``key.pem`` and ``ca.pem``, such as `chappe member add` makes."""
        names = ("certificate.pem", "key.pem", "ca.pem")
        return cls.from_certificate_files(*(os.path.join(folder, name) for name in names), address, **more)

    def close(self) -> None:
        """Ends the connection. What runs on it in other threads ends there with `Closed`."""
        self._closed.set()
        self._channel.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    # Reports

    def submit(self, report: incident_pb2.Incident, *, validate_only: bool = False) -> incident_service_pb2.Receipt:
        """Submits one revision; when this returns it is durable. Sending the same again is safe and gets the same receipt."""
        request = incident_service_pb2.SubmitRequest(incident=report, validate_only=validate_only)
        return self._call(self._incidents.Submit, request).receipt

    def submit_all(
        self, reports: Iterable[incident_pb2.Incident]
    ) -> Iterator[tuple[incident_pb2.Incident, incident_service_pb2.Receipt | errors.Refused]]:
        """Submits many; yields each with its receipt, or with why it is refused for good, as the answers come. It has to be consumed: nothing is sent ahead of
        it by more than `submitting.WINDOW`. The reports must be at hand: they are drawn by so many before any is sent. A source of single reports that come
        slowly is for `submit`."""

        def stream(requests):
            self._refuse_if_closed()
            return self._incidents.SubmitStream(requests, metadata=self._metadata)

        return submitting.Batch(reports, self._retry).outcomes(stream)

    def retract(self, report_key: str, revision: int, reason: str = "") -> incident_service_pb2.Receipt:
        """Withdraws a report; ``revision`` is above the last."""
        request = incident_service_pb2.RetractRequest(report_key=report_key, revision=revision, reason=reason)
        return self._call(self._incidents.Retract, request).receipt

    def incident(self, name: str) -> incident_pb2.Incident:
        """The newest revision of an own incident, by ``incidents/{id}`` of its receipt."""
        return self._call(self._incidents.GetIncident, incident_service_pb2.GetIncidentRequest(name=name)).incident

    # Alerts

    def subscribe(
        self,
        cursor: str = "",
        *,
        from_beginning: bool = False,
        filter: alert_service_pb2.AlertFilter | None = None,
        heartbeats: bool = False,
    ) -> Iterator[following.Event]:
        """Alerts as they are raised and change, from behind ``cursor``, else from now. Goes on over broken connections. At least once: after a break the last
        event may come again."""
        request = alert_service_pb2.SubscribeRequest(filter=filter, cursor=cursor, from_beginning=from_beginning)

        def subscribe(request):
            self._refuse_if_closed()
            return self._alerts.Subscribe(request, metadata=self._metadata)

        return following.follow(subscribe, request, self._retry, heartbeats)

    def alerts(self, filter: alert_service_pb2.AlertFilter | None = None, page_size: int = 100) -> Iterator[alert_pb2.Alert]:
        """All alerts that the caller may see, at their newest revision, by id; page after page as they are consumed."""
        request = alert_service_pb2.ListAlertsRequest(filter=filter, page_size=page_size)
        while True:
            page = self._call(self._alerts.ListAlerts, request)
            yield from page.alerts
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def alert(self, name: str) -> alert_service_pb2.GetAlertResponse:
        """One alert, by ``alerts/{id}``, with the reports behind it."""
        return self._call(self._alerts.GetAlert, alert_service_pb2.GetAlertRequest(name=name))

    def decide(self, name: str, verdict: str, reason: str = "") -> alert_pb2.Decision:
        """Says what the caller's member judges of an alert: ``acknowledged``, ``confirmed``, or ``dismissed`` with a reason."""
        number = dict(alert_pb2.Verdict.items()).get(f"VERDICT_{verdict.upper()}", 0)
        if not number:
            known = ", ".join(words(alert_pb2.Verdict, number) for number in alert_pb2.Verdict.values() if number)
            raise ValueError(f"verdict: {verdict!r} is none of {known}")
        request = alert_service_pb2.DecideRequest(name=name, verdict=number, reason=reason)
        return self._call(self._alerts.Decide, request).decision

    def _call(self, method, request):
        def attempt():
            self._refuse_if_closed()
            try:
                return method(request, metadata=self._metadata, timeout=self._timeout)
            except grpc.RpcError as error:
                raise errors.of_call(error) from None

        return self._retry.run(attempt)

    def _refuse_if_closed(self) -> None:
        if self._closed.is_set():
            raise errors.Closed(grpc.StatusCode.CANCELLED, "the client is closed", errors.NO_DETAILS)


def _refuse_unless_loopback(address: str) -> None:
    host = address.rpartition(":")[0].strip("[]")
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise ValueError(
            f"{address!r} is no loopback address with a port, such as 127.0.0.1:7600: a token would travel in plain text. "
            "Give credentials for TLS, or reach the installation through a tunnel"
        )
