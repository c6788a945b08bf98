"""What a member's script relies on, against the program itself: CHAPPE_BIN names it."""

import datetime
import threading
import unittest

import grpc

from chappe import Client, Conflict, InvalidReport, NotAllowed, NotFound, Refused, Retry, Unknown, report, words
from chappe.v1 import alert_pb2, incident_service_pb2

from installation import Installation

MEMBERS = {"csirt-at": "AT", "csirt-de": "DE", "csirt-fr": "FR"}


def c2_server(key, country, domain="c2.bad.example", **more):
    values = dict(report_key=key, incident_type="malicious-code/c2-server", severity="high", tlp="amber", countries=[country])
    return report(indicators=[f"domain:{domain}"], **{**values, **more})


class ClientTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.installation = Installation()
        cls.addClassCleanup(cls.installation.end)

    def client(self, member="csirt-at", **more):
        client = Client(self.installation.address, token=self.installation.tokens[member], **more)
        self.addCleanup(client.close)
        return client

    def raise_alert(self, domain):
        for member, country in MEMBERS.items():
            self.client(member).submit(c2_server(domain, country, domain))

    def test_the_same_report_gets_the_same_receipt_and_another_content_is_a_conflict(self):
        chappe = self.client()
        receipt = chappe.submit(c2_server("same", "AT"))
        self.assertEqual(chappe.submit(c2_server("same", "AT")), receipt)
        self.assertEqual(words(incident_service_pb2.DurabilityClass, receipt.durability), "disk")
        with self.assertRaises(Conflict):
            chappe.submit(c2_server("same", "AT", severity="low"))
        self.assertEqual(chappe.incident(receipt.incident).report_key, "same")
        chappe.retract("same", revision=1, reason="a false positive")
        self.assertTrue(chappe.incident(receipt.incident).retracted)

    def test_every_fault_is_named_with_its_field(self):
        wrong = report(report_key="wrong", incident_type="no/such", tlp="amber", countries=["XX"], indicators=["ip:1.2.3"])
        with self.assertRaises(InvalidReport) as caught:
            self.client().submit(wrong)
        fields = [fault.field for fault in caught.exception.violations]
        self.assertEqual(fields, ["incident.incident_type", "incident.countries[0]", "incident.indicators[0].value"])
        self.assertIn("incident.countries[0]: ", str(caught.exception))

    def test_nothing_is_stored_of_what_is_only_checked(self):
        receipt = self.client().submit(c2_server("checked", "AT"), validate_only=True)
        with self.assertRaises(NotFound):
            self.client().incident(receipt.incident)

    def test_who_is_no_member_is_refused_at_once(self):
        stranger = Client(self.installation.address, token="0" * 64)
        self.addCleanup(stranger.close)
        with self.assertRaises(NotAllowed):
            stranger.submit(c2_server("stranger", "AT"))
        with self.assertRaises(NotAllowed):
            list(stranger.submit_all([c2_server("stranger", "AT")]))
        with self.assertRaises(NotAllowed):
            next(stranger.subscribe())

    def test_many_reports_each_have_their_outcome(self):
        reports = [c2_server(f"many-{i}", "AT" if i % 7 else "XX", f"many{i}.bad.example") for i in range(2_500)]
        outcomes = {sent.report_key: outcome for sent, outcome in self.client().submit_all(iter(reports))}
        self.assertEqual(len(outcomes), len(reports))
        refused = [key for key, outcome in outcomes.items() if isinstance(outcome, Refused)]
        self.assertEqual(len(refused), sum(i % 7 == 0 for i in range(2_500)))
        self.assertEqual(outcomes["many-7"].violations[0].field, "incident.countries[0]")

    def test_an_alert_is_told_listed_explained_and_decided(self):
        self.raise_alert("told.bad.example")
        europol = self.client("europol")
        keyed = lambda alert: any(field.value.endswith("told.bad.example") for field in alert.key)
        told = next(event for event in europol.subscribe(from_beginning=True) if event.alert and keyed(event.alert))
        self.assertEqual(words(alert_pb2.AlertKind, told.alert.kind), "cross-border")
        self.assertIn(told.alert.name, [alert.name for alert in europol.alerts(page_size=1)])
        self.assertEqual(len(europol.alert(told.alert.name).evidence), 3)
        with self.assertRaises(ValueError):
            europol.decide(told.alert.name, "maybe")
        with self.assertRaises(InvalidReport):
            europol.decide(told.alert.name, "dismissed")
        decision = europol.decide(told.alert.name, "dismissed", "a test")
        self.assertEqual(words(alert_pb2.Verdict, decision.verdict), "dismissed")

    def test_a_subscription_goes_on_over_a_restart_and_so_does_a_submission(self):
        self.raise_alert("before.bad.example")
        europol = self.client("europol", retry=Retry(attempts=200, longest_seconds=0.5))
        events = europol.subscribe(from_beginning=True, heartbeats=True)
        first = next(event for event in events if event.alert)
        self.assertTrue(first.cursor)
        self.installation.kill()
        back = threading.Thread(target=self.installation.restart)
        back.start()
        patient = self.client("csirt-at", retry=Retry(attempts=200, longest_seconds=0.5))
        patient.submit(c2_server("after.bad.example", "AT", "after.bad.example"))
        back.join()
        self.raise_alert("after.bad.example")
        seen = next(event for event in events if event.alert and any(f.value.endswith("after.bad.example") for f in event.alert.key))
        # Whoever comes back with a cursor is told what came behind it, and not what came before.
        again = next(self.client("europol").subscribe(first.cursor))
        self.assertNotEqual(again.cursor, first.cursor)
        self.assertTrue(seen.cursor)

    def test_where_nobody_answers_the_outcome_is_unknown(self):
        nobody = Client("127.0.0.1:1", token="0" * 64, retry=Retry(attempts=2, first_seconds=0.01))
        self.addCleanup(nobody.close)
        with self.assertRaises(Unknown) as caught:
            nobody.submit(c2_server("nobody", "AT"))
        self.assertEqual(caught.exception.code, grpc.StatusCode.UNAVAILABLE)
        with self.assertRaises(Unknown):
            list(nobody.submit_all([c2_server("nobody", "AT")]))


class WordsTest(unittest.TestCase):
    def test_a_wrong_word_is_told_with_those_there_are(self):
        def fault(**values):
            with self.assertRaises(ValueError) as caught:
                report(**{**dict(report_key="a", incident_type="fraud/phishing", countries=["AT"]), **values})
            return str(caught.exception)

        self.assertEqual(fault(tlp="pink"), "tlp: 'pink' is none of clear, green, amber, amber-strict, red")
        self.assertIn("is none of info, low, medium, high, critical", fault(severity="bad"))
        self.assertIn("none of share, match-only, named-recipients-only", fault(use="hide"))
        self.assertIn('write "domain:bad.example"', fault(indicators=["bad.example"]))
        self.assertIn("write a list", fault(countries="AT"))
        self.assertIn("has no time zone", fault(detected_at=datetime.datetime(2026, 3, 2)))
        self.assertIn("is no time", fault(detected_at="yesterday"))

    def test_words_are_those_of_the_json_form(self):
        at = datetime.datetime(2026, 3, 2, 6, 15, tzinfo=datetime.timezone.utc)
        ours = report(report_key="a", incident_type="fraud/phishing", countries=["AT"], tlp="TLP:AMBER+STRICT", use="match-only", detected_at=at)
        same = report(report_key="a", incident_type="fraud/phishing", countries=["AT"], tlp="amber+strict", use="match-only", detected_at="2026-03-02T06:15:00Z")
        self.assertEqual(ours, same)
        stage = {"stage": "early-warning", "aware_at": at, "cross_border": False}
        told = report(report_key="a", incident_type="fraud/phishing", countries=["AT"], notification=stage, indicators=["crypto-address:x", "sha-256:x"])
        self.assertEqual((told.notification.stage, told.notification.HasField("suspected_malicious")), ("early-warning", False))
        self.assertTrue(told.notification.HasField("cross_border"))
        self.assertEqual([one.type for one in told.indicators], [12, 6])
        with self.assertRaisesRegex(ValueError, "root_cause"):
            report(report_key="a", incident_type="fraud/phishing", countries=["AT"], notification={**stage, "cause": "x"})
        self.assertFalse(report(report_key="a", incident_type="fraud/phishing", countries=["AT"]).HasField("marking"))

    def test_a_token_is_not_sent_in_plain_text_over_a_network(self):
        for address in ["198.51.100.7:7600", "chappe.example:7600", "127.0.0.1", ""]:
            with self.assertRaises(ValueError, msg=address):
                Client(address, token="0" * 64)
        for address in ["127.0.0.1:7600", "localhost:7600", "[::1]:7600"]:
            Client(address, token="0" * 64).close()


if __name__ == "__main__":
    unittest.main()
