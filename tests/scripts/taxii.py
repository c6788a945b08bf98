"""Drives a Chappe that serves TAXII 2.1 by taxii2-client, and compares its answers with medallion's on the same content.

taxii.py URL TOKENS: the discovery URL of an installation where nothing was reported yet, and its tokens.toml.

What is compared is what the specification decides: status codes, the headers Content-Type and X-TAXII-Date-Added-*, the members of resources, which
objects are on which page and in which order. Where medallion departs from it, or it leaves the choice, the case says so.
"""

import json
import logging
import re
import sys
import tempfile
import threading
import time
import uuid

import requests
from taxii2client.v21 import Server, as_pages
from werkzeug.serving import make_server

TAXII = "application/taxii+json;version=2.1"
STAMP = "2026-03-02T06:15:00.000Z"
AMBER = "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"
PATIENCE = 60  # seconds


def tokens(path):
    with open(path, encoding="utf-8") as file:
        return dict(re.findall(r'^([a-z0-9-]+) = "(.*)"$', file.read(), re.M))


def envelope(member, domain):
    """A report of one indicator, as a member would add it."""

    def named(kind):
        return f"{kind}--{uuid.uuid5(uuid.NAMESPACE_DNS, f'{kind} {member} {domain}')}"

    common = {"spec_version": "2.1", "created": STAMP, "modified": STAMP}
    indicator = {
        "type": "indicator", "id": named("indicator"), **common, "valid_from": STAMP,
        "pattern": f"[domain-name:value = '{domain}']", "pattern_type": "stix",
    }
    report = {
        "type": "report", "id": named("report"), **common, "name": domain, "published": STAMP,
        "object_refs": [indicator["id"]], "object_marking_refs": [AMBER],
    }
    return {"objects": [indicator, report]}


def collection(server, title):
    return next(one for one in server.default.collections if one.title == title)


class Installation:
    def __init__(self, url, known):
        self.url, self.known = url, known

    def server(self, member):
        return Server(self.url, user=member, password=self.known[member])

    def report(self, domain, members):
        for member in members:
            status = collection(self.server(member), "Reports").add_objects(envelope(member, domain))
            assert status.status == "complete" and status.success_count == 2 and not status.failures, status.failures
            status.refresh()
            assert status.status == "complete" and len(status.successes) == 2

    def until(self, member, wanted):
        """What is reported is judged a moment later."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            found = collection(self.server(member), "Alerts").get_manifest(type="report", version="all")
            if len(found.get("objects", [])) >= wanted:
                return
            time.sleep(0.1)
        raise AssertionError(f"no {wanted} reports within {PATIENCE} s")


def drive(installation):
    """Every call of the client."""
    at, de, fr, it = "csirt-at", "csirt-de", "csirt-fr", "csirt-it"
    for domain in ["one.example", "two.example", "three.example"]:
        installation.report(domain, [at, de, fr])
    installation.until(at, 3)
    installation.report("two.example", [it])
    installation.until(at, 4)

    server = installation.server(at)
    assert server.title and len(server.api_roots) == 1 and server.default is server.api_roots[0]
    root = server.default
    assert root.versions == [TAXII] and root.max_content_length > 0
    alerts = collection(server, "Alerts")
    assert alerts.can_read and not alerts.can_write and alerts.media_types == ["application/stix+json;version=2.1"]

    whole = [record for page in as_pages(alerts.get_manifest, 1000) for record in page["objects"]]
    for per_request in [1, 2, 5]:
        paged = [record for page in as_pages(alerts.get_manifest, per_request) for record in page.get("objects", [])]
        assert paged == whole
        ids = [item["id"] for page in as_pages(alerts.get_objects, per_request) for item in page.get("objects", [])]
        assert ids == [record["id"] for record in whole]
    half = whole[len(whole) // 2]
    later = alerts.get_manifest(added_after=half["date_added"], limit=1000)["objects"]
    assert later == whole[len(whole) // 2 + 1:]

    reports = alerts.get_objects(type="report")["objects"]
    assert len(reports) == 3 and {item["type"] for item in reports} == {"report"}
    assert len(alerts.get_objects(type=["report", "indicator"])["objects"]) == 6
    assert alerts.get_objects(id=reports[0]["id"])["objects"] == reports[:1]
    assert alerts.get_objects(spec_version="2.0") == {}
    assert alerts.get_object(reports[1]["id"])["objects"] == [reports[1]]

    two = next(item for item in reports if "two" in item["name"])
    versions = alerts.object_versions(two["id"])["versions"]
    assert len(versions) >= 2 and two["modified"] in versions
    found = alerts.get_object(two["id"], version="all")["objects"]
    assert [item["modified"] for item in found] == versions
    assert alerts.get_objects(id=two["id"], version=versions[0])["objects"] == found[:1]
    assert alerts.get_objects(id=two["id"], version="first")["objects"] == found[:1]
    print(f"taxii: driven by taxii2-client: {len(whole)} objects, {len(versions)} versions of one")


def contents(installation, member):
    """All versions of everything, with their dates."""
    alerts = collection(installation.server(member), "Alerts")
    records = alerts.get_manifest(version="all", limit=1000)["objects"]
    objects = alerts.get_objects(version="all", limit=1000)["objects"]
    assert [item["id"] for item in objects] == [record["id"] for record in records]
    return alerts, objects, records


def medallion(alerts, inbox, objects, records, user, password):
    """medallion in this process, with the same in a collection of the same id; where it serves."""
    import medallion as package
    from medallion.backends import memory_backend
    from medallion.filters import basic_filter

    # It takes the property 'version' of an extension-definition for the time of a manifest record's version, and fails on it.
    for module in [basic_filter, memory_backend]:
        of_any = module.find_att
        module.find_att = lambda item, of_any=of_any: of_any({k: v for k, v in item.items() if k != "version" or "type" not in item})
    logging.getLogger("werkzeug").setLevel(logging.ERROR)

    resource = {**alerts._raw, "objects": objects, "manifest": records}
    written = {**inbox._raw, "objects": [], "manifest": []}
    data = {
        "/discovery": {"title": "medallion", "default": "/chappe/", "api_roots": ["/chappe/"]},
        "chappe": {
            "information": {"title": "medallion", "versions": [TAXII], "max_content_length": 4194304},
            "status": [],
            "collections": [resource, written],
        },
    }
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8", delete=False) as file:
        json.dump(data, file)
    config = {
        "backend": {"module": "medallion.backends.memory_backend", "module_class": "MemoryBackend", "filename": file.name},
        "users": {user: password},
        "taxii": {"max_page_size": 1000},
    }
    app = package.application_instance
    for part in ["users", "taxii", "backend"]:
        package.set_config(app, part, config)
    package.register_blueprints(app)
    server = make_server("127.0.0.1", 0, app)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/"


# Beside the path: what a request has of its own. A member of the answer that is not compared, with the reason, stands under "except".
def cases(at, inbox, report, versions, date):
    objects, manifest = f"{at}objects/", f"{at}manifest/"
    one = f"{objects}{report}/"
    # The specification names no order of versions; medallion gives the newest first.
    any_order = {"sorted": "versions"}
    yield "taxii2/", {"except": ["title", "description"]}
    yield "chappe/", {"except": ["title", "description"]}
    yield at, {}
    for path in [objects, manifest]:
        for query in [
            "", "limit=1", "limit=3", "limit=1000", "limit=5000",
            "match[type]=report", "match[type]=report,indicator", "match[type]=nothing", "match[type]=location&limit=2",
            f"match[id]={report}", "match[id]=report--00000000-0000-4000-8000-000000000000",
            "match[version]=all", "match[version]=first", "match[version]=last", "match[version]=first,last",
            f"match[version]={versions[0]}", "match[version]=2001-01-01T00:00:00.000Z",
            "match[spec_version]=2.1", "match[spec_version]=2.0", "match[spec_version]=2.0,2.1",
            f"added_after={date}", f"added_after={date}&limit=2", f"added_after={date}&match[type]=indicator&match[version]=all",
            "added_after=2999-01-01T00:00:00.000000Z",
            "limit=0", "limit=-1", "limit=x", "next=nothing&limit=1",
        ]:
            yield f"{path}?{query}", {}
    for query in ["", "match[version]=all", "match[version]=first", f"match[version]={versions[0]}", "limit=1&match[version]=all"]:
        yield f"{one}?{query}", {}
    for query in ["", f"added_after={date}"]:
        yield f"{one}versions/?{query}", any_order
    yield f"{objects}report--00000000-0000-4000-8000-000000000000/", {}
    yield f"{objects}report--00000000-0000-4000-8000-000000000000/versions/", {}
    yield "chappe/collections/00000000-0000-4000-8000-000000000000/", {}
    yield "chappe/collections/00000000-0000-4000-8000-000000000000/objects/", {}
    yield "chappe/status/00000000-0000-4000-8000-000000000000/", {}
    yield "nothing/", {}
    yield "nothing/collections/", {}
    for path in ["taxii2/", "chappe/", "chappe/collections/", at, objects, manifest]:
        yield path, {"auth": None, "only": "status"}
        yield path, {"auth": ("csirt-at", "wrong"), "only": "status"}
        for accept in ["application/json", "application/taxii+json;version=2.0", "text/html", "*/*"]:
            yield path, {"accept": accept, "only": "status"}
        # medallion answers 406 to the type without a version, which the specification rules out (1.6.8.2): not compared.
        yield path, {"accept": f"application/json,{TAXII}", "only": "status"}
    yield objects, {"method": "POST", "json": envelope("csirt-at", "four.example"), "only": "status"}
    yield one, {"method": "DELETE", "only": "status"}
    yield f"{objects}report--00000000-0000-4000-8000-000000000000/", {"method": "DELETE", "only": "status"}
    yield inbox, {}
    for path in ["objects/", "manifest/", "objects/report--1/", "objects/report--1/versions/"]:
        yield inbox + path, {"only": "status"}
    yield f"{inbox}objects/report--1/", {"method": "DELETE", "only": "status"}
    for kind in ["application/json", "application/taxii+json;version=2.0"]:
        yield f"{inbox}objects/", {"method": "POST", "json": envelope("csirt-at", "four.example"), "type": kind, "only": "status"}
    # Ids and times are a server's own; of two objects both are added.
    own = ["id", "request_timestamp"]
    yield f"{inbox}objects/", {"method": "POST", "json": envelope("csirt-at", "four.example"), "except": own}


def ask(base, path, own, auth):
    headers = {"Accept": own.get("accept", TAXII)}
    if own.get("method") == "POST":
        headers["Content-Type"] = own.get("type", TAXII)
    who = own.get("auth", auth)
    data = json.dumps(own["json"]) if "json" in own else None
    return requests.request(own.get("method", "GET"), base + path, headers=headers, auth=who, data=data, timeout=PATIENCE)


def seen(answer, own):
    """What of an answer is compared."""
    said = {"status": answer.status_code}
    if own.get("only") == "status":
        return said
    said["type"] = answer.headers["Content-Type"].replace(" ", "")
    if answer.status_code >= 400:
        # Of an error the title and the status alone stand in both; the words are a server's own.
        error = answer.json()
        return {**said, "http_status": error["http_status"], "has a title": bool(error["title"])}
    for end in ["First", "Last"]:
        said[end] = answer.headers.get(f"X-TAXII-Date-Added-{end}")
    body = answer.json()
    for member in own.get("except", []):
        body.pop(member, None)
    if "next" in body:
        body["next"] = "opaque"
    if "sorted" in own and own["sorted"] in body:
        body[own["sorted"]].sort()
    return {**said, "body": body}


def compare(installation, member):
    alerts, objects, records = contents(installation, member)
    inbox = collection(installation.server(member), "Reports")
    auth = (member, installation.known[member])
    theirs = medallion(alerts, inbox, objects, records, *auth)
    ours = installation.url[: -len("taxii2/")]
    counts = {}
    for record in records:
        counts.setdefault(record["id"], []).append(record["version"])
    report = max((id for id in counts if id.startswith("report--")), key=lambda id: len(counts[id]))
    date = records[len(records) // 2]["date_added"]
    differences, count = [], 0
    at = [f"chappe/collections/{one.id}/" for one in [alerts, inbox]]
    for path, own in cases(*at, report, counts[report], date):
        mine, other = (seen(ask(base, path, own, auth), own) for base in [ours, theirs])
        count += 1
        if mine != other:
            differences.append(f"{own.get('method', 'GET')} {path} {own}\n  Chappe:    {mine}\n  medallion: {other}")
    pages(ours, theirs, alerts.id, auth)
    for difference in differences:
        print(difference, file=sys.stderr)
    if differences:
        sys.exit(f"taxii.py: {len(differences)} of {count} answers differ from medallion's")
    print(f"taxii: {count} answers equal medallion's, and pages by next")


def pages(ours, theirs, collection_id, auth):
    """Page by page, each server by its own 'next'."""
    path = f"chappe/collections/{collection_id}/objects/?limit=3&match[version]=all"
    more = ["", ""]
    while True:
        answers = [ask(base, path + token, {}, auth) for base, token in zip([ours, theirs], more)]
        said = [seen(answer, {}) for answer in answers]
        assert said[0] == said[1], said
        if not said[0]["body"]["more"]:
            return
        more = [f"&next={answer.json()['next']}" for answer in answers]


def main():
    url, path = sys.argv[1:]
    installation = Installation(url, tokens(path))
    drive(installation)
    compare(installation, "csirt-at")


if __name__ == "__main__":
    main()
