"""Members by certificate, against the program itself: CHAPPE_BIN names it."""

import unittest

from chappe import Client, NotAllowed, Retry, Unknown, report

from installation import Installation


def c2_server(key):
    return report(report_key=key, incident_type="malicious-code/c2-server", tlp="amber", countries=["AT"], indicators=["domain:c2.bad.example"])


class CertificateTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.installation = Installation("--tls")
        cls.addClassCleanup(cls.installation.end)
        cls.identities = cls.installation.folder / "tls" / "identities"

    def client(self, identity, **more):
        client = Client.from_identity_folder(self.identities / identity, self.installation.address, **more)
        self.addCleanup(client.close)
        return client

    def test_a_certificate_says_which_member_speaks(self):
        receipt = self.client("csirt-at/service-reporter").submit(c2_server("by-certificate"))
        self.assertEqual(self.client("csirt-at/person-analyst").incident(receipt.incident).report_key, "by-certificate")

    def test_decisions_are_for_people(self):
        with self.assertRaises(NotAllowed) as caught:
            self.client("europol/service-reporter").decide("alerts/" + "0" * 32, "confirmed")
        self.assertEqual(caught.exception.reason, "NOT_A_PERSON")

    def test_another_member_s_key_is_of_no_use(self):
        files = [self.identities / "csirt-at/person-analyst/certificate.pem", self.identities / "csirt-be/person-analyst/key.pem"]
        with self.assertRaises((Unknown, ValueError)):
            more = {"retry": Retry(attempts=1)}
            with Client.from_certificate_files(*files, self.identities / "csirt-at/person-analyst/ca.pem", self.installation.address, **more) as chappe:
                chappe.submit(c2_server("stolen"))

    def test_somebody_has_to_speak(self):
        with self.assertRaises(ValueError):
            Client(self.installation.address)


if __name__ == "__main__":
    unittest.main()
