"""Streams that break, answers that come twice, pauses that are asked for: what no installation does on demand."""

import threading
import unittest
from unittest import mock

import grpc
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2, status_pb2

from chappe import Client, Closed, Conflict, InvalidReport, Overloaded, Refused, Retry, Unknown, errors, following, report, submitting
from chappe.v1 import alert_pb2, alert_service_pb2, incident_service_pb2

Answer = incident_service_pb2.SubmitStreamResponse


class Broken(grpc.RpcError):
    """A call that failed, as grpc raises it."""

    def __init__(self, code=grpc.StatusCode.UNAVAILABLE):
        self._code = code

    def code(self):
        return self._code

    def details(self):
        return "broken"

    def trailing_metadata(self):
        return ()


def reports(number):
    return [report(report_key=f"r{i}", incident_type="fraud/phishing", countries=["AT"]) for i in range(number)]


def taken(request):
    return Answer(sequence=request.sequence, receipt=incident_service_pb2.Receipt(report_key=request.incident.report_key))


def refused(request, code, seconds=None):
    status = status_pb2.Status(code=code.value[0], message="no")
    if seconds is not None:
        status.details.add().Pack(error_details_pb2.RetryInfo(retry_delay=Duration(seconds=seconds)))
    return Answer(sequence=request.sequence, error=status)


class BatchTest(unittest.TestCase):
    def outcomes(self, given, *streams, attempts=3):
        """What becomes of reports over streams that answer as they are told, one after the other, and the pauses in between."""
        self.sent, self.pauses, waiting = [], [], iter(streams)

        def stream(requests):
            requests = list(requests)
            self.sent.append([request.incident.report_key for request in requests])
            yield from next(waiting)(requests)

        batch = submitting.Batch(given, Retry(attempts=attempts, first_seconds=0.5), self.pauses.append)
        return [(sent.report_key, outcome) for sent, outcome in batch.outcomes(stream)]

    def test_what_a_broken_stream_left_is_sent_again_and_told_once(self):
        def half(requests):
            yield from map(taken, requests[:3])
            yield taken(requests[0])  # twice
            raise Broken()

        found = self.outcomes(reports(5), half, lambda requests: map(taken, requests))
        self.assertEqual([key for key, _ in found], ["r0", "r1", "r2", "r3", "r4"])
        self.assertEqual(self.sent, [["r0", "r1", "r2", "r3", "r4"], ["r3", "r4"]])

    def test_what_is_refused_for_now_is_sent_again_after_the_pause_that_is_asked_for(self):
        def busy(requests):
            yield refused(requests[0], grpc.StatusCode.RESOURCE_EXHAUSTED, seconds=7)
            yield refused(requests[1], grpc.StatusCode.ALREADY_EXISTS)

        found = dict(self.outcomes(reports(2), busy, lambda requests: map(taken, requests)))
        self.assertIsInstance(found["r1"], Conflict)
        self.assertEqual((self.sent[1], self.pauses), (["r0"], [7.0]))

    def test_a_pause_that_is_too_long_is_for_the_caller_to_wait(self):
        with self.assertRaises(Overloaded) as caught:
            self.outcomes(reports(1), lambda requests: [refused(requests[0], grpc.StatusCode.RESOURCE_EXHAUSTED, seconds=3600)])
        self.assertEqual((caught.exception.retry_after_seconds, self.pauses), (3600, []))

    def test_streams_that_bring_nothing_end_it(self):
        def nothing(_):
            raise Broken()
            yield

        with self.assertRaises(Unknown):
            self.outcomes(reports(2), nothing, nothing, nothing)
        self.assertEqual(len(self.sent), 3)

    def test_a_fault_inside_the_server_is_that_reports_alone(self):
        answers = lambda requests: [refused(requests[0], grpc.StatusCode.INTERNAL), taken(requests[1])]
        found = dict(self.outcomes(reports(2), answers))
        self.assertIs(type(found["r0"]), Refused)

    def test_a_report_that_is_too_large_is_refused_and_the_others_are_sent(self):
        large = report(report_key="large", incident_type="fraud/phishing", countries=["AT"], summary="x" * submitting.MESSAGE_BYTES)
        found = dict(self.outcomes([large, *reports(1)], lambda requests: map(taken, requests)))
        self.assertIsInstance(found["large"], InvalidReport)
        self.assertEqual(self.sent, [["r0"]])

    def test_what_a_source_gave_before_it_failed_is_sent(self):
        def source():
            yield from reports(2)
            raise OSError("the disk")

        found, batch = [], submitting.Batch(source(), Retry())
        with self.assertRaises(OSError):
            for sent, _ in batch.outcomes(lambda requests: map(taken, list(requests))):
                found.append(sent.report_key)
        self.assertEqual(found, ["r0", "r1"])


class FollowingTest(unittest.TestCase):
    class Call:
        """A stream of answers that says nothing more once it has told them, until it is cancelled."""

        def __init__(self, answers):
            self._answers, self._cancelled = iter(answers), threading.Event()

        def __next__(self):
            answer = next(self._answers, None)
            if answer is None:
                self._cancelled.wait()
                raise Broken(grpc.StatusCode.CANCELLED)
            return answer

        def cancel(self):
            self._cancelled.set()

    def test_a_stream_that_falls_silent_is_opened_again_behind_the_last_event(self):
        told = lambda name: alert_service_pb2.SubscribeResponse(cursor=name, alert=alert_pb2.Alert(name=name))
        calls, asked = iter([self.Call([told("a")]), self.Call([told("b")])]), []

        def subscribe(request):
            asked.append(request.cursor)
            return next(calls)

        request = alert_service_pb2.SubscribeRequest(cursor="start")
        with mock.patch.object(following, "SILENCE_SECONDS", 0.05):
            events = following.follow(subscribe, request, Retry(), False, sleep=lambda _: None)
            self.assertEqual([next(events).cursor, next(events).cursor], ["a", "b"])
            events.close()
        self.assertEqual(asked, ["start", "a"])


class ClosedTest(unittest.TestCase):
    def test_a_closed_client_says_so(self):
        client = Client("127.0.0.1:1", token="0" * 64)
        client.close()
        for attempt in (lambda: client.alert("alerts/1"), lambda: next(client.subscribe()), lambda: list(client.submit_all(reports(1)))):
            with self.assertRaises(Closed):
                attempt()

    def test_no_proxy_of_the_environment_is_told_the_token(self):
        with mock.patch.object(grpc, "insecure_channel", wraps=grpc.insecure_channel) as opened:
            Client("127.0.0.1:1", token="0" * 64).close()
        self.assertIn(("grpc.enable_http_proxy", 0), opened.call_args.kwargs["options"])


if __name__ == "__main__":
    unittest.main()
