"""What the formats' own libraries say of the files in a folder: stix2 (OASIS), PyMISP, idea-format (CESNET). Prints what is wrong, and ends with 1 then."""
import json
import pathlib
import sys

import pymisp
import stix2
from idea import lite

folder = pathlib.Path(sys.argv[1])
wrong = []


def check(name, one):
    try:
        one()
    except Exception as error:  # Whatever a library raises, it is its judgement of the file.
        wrong.append(f"{name}: {type(error).__name__}: {error}")


def stix(path):
    bundle = stix2.parse(path.read_text(), version="2.1")
    kinds = {one["type"] for one in bundle.objects}
    assert {"identity", "extension-definition", "report"} <= kinds, kinds


def misp(path):
    event = pymisp.MISPEvent()
    event.load_file(path)
    manifest = json.loads((path.parent / "manifest.json").read_text())
    feed = event.to_feed(with_meta=True)
    assert set(manifest[event.uuid]) <= set(feed["Event"]["_manifest"][event.uuid]) | {"Tag"}, manifest[event.uuid]
    hashes = [line.split(",") for line in (path.parent / "hashes.csv").read_text().splitlines()]
    own = {digest for digest, uuid in hashes if uuid == event.uuid}
    theirs = {digest for digest in feed["Event"]["_hashes"]}
    assert own <= theirs, own - theirs
    known = pymisp.AbstractMISP().describe_types
    for attribute in event.attributes:
        assert attribute.type in known["types"] and attribute.type in known["category_type_mappings"][attribute.category], attribute


def idea(number, line):
    message = json.loads(line)
    for key in ("Format", "ID", "DetectTime", "Category"):
        assert key in message, key
    lite.Idea(message)


check("bundle.json", lambda: stix(folder / "bundle.json"))
events = [path for path in (folder / "feed").glob("*.json") if path.name != "manifest.json"]
assert events, "no event"
for path in events:
    check(path.name, lambda: misp(path))
for number, line in enumerate((folder / "messages.jsonl").read_text().splitlines(), 1):
    check(f"messages.jsonl, line {number}", lambda: idea(number, line))
print("\n".join(wrong) or "sound")
sys.exit(1 if wrong else 0)
