#!/usr/bin/env python3
"""Executable definition of linking: incidents into campaigns. Plain and slow on purpose: the set of accepted records goes in, the campaigns
come out; no order of arrival appears anywhere. The product must agree with it.

Records count once they are stamped before `now`, in the order of (log time, incident, revision). After each of them the clusters are made from nothing.
All weights are whole thousandths. Only reports that may be shared link.

    linking.py             checks itself
    linking.py --lines     reads one case a line on standard input, prints its campaigns as one line of JSON; see CASE below
"""
import json, random, sys
from dataclasses import dataclass

LINKS, SHARED, FEW, SOMETHING, EU_MEMBERS = 12, 16, 2, 1, 3
LINKS_TO_MEMBER = 3          # of one revision's links, to reports of one member
TELLING, BY_CHANCE = 400, 800   # priors: of values that tell where a report belongs; below which two campaigns may share one by chance
KNOWN = 2                    # telling values that a report must share with a campaign to be taken into it
LISTED, LISTED_LINKS, LISTED_REFUSALS, LISTED_VALUES = 100, 100, 20, 20
PRIOR = {"md5": 1000, "sha1": 1000, "sha256": 1000, "sha512": 1000, "url": 900, "crypto_address": 900, "iban": 900, "certificate": 900, "email": 800,
         "phone": 700, "domain": 650, "mutex": 600, "ip": 450, "registry_key": 300, "cidr": 150, "user_agent": 150, "cve": 100, "malware": 100,
         "asn": 0, "technique": 0}
SEVERITIES = ["info", "low", "medium", "high", "critical"]
TLP = ["TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT", "TLP:RED"]
PAP = ["PAP:CLEAR", "PAP:GREEN", "PAP:AMBER", "PAP:RED"]


@dataclass(frozen=True)
class Record:                      # one accepted revision of one report; as in episodes.py
    t: int
    incident: str
    reporter: str
    home: str
    revision: int
    indicators: frozenset
    countries: frozenset
    sectors: frozenset = frozenset()
    incident_type: str = "other/other"
    severity: str = "medium"
    tlp: str = "TLP:AMBER"
    pap: str = "PAP:AMBER"
    retracted: bool = False
    use: str = "share"
    recipients: frozenset = frozenset()
    exercise: bool = False
    backfill: bool = False         # links like any other
    special: frozenset = frozenset()


def log2_milli(n):
    """log2 in thousandths, rounded down, by repeated squaring with 31 binary digits, 20 of the result."""
    whole = n.bit_length() - 1
    x, log = n << (31 - whole), whole
    for _ in range(20):
        x, log = x * x >> 31, log << 1
        if x >= 1 << 32: x, log = x >> 1, log | 1
    return log * 1000 >> 20


def rarity(frequency): return 1000 - min(1000, log2_milli(max(1, frequency)) // 8)
def decay(distance, window): return 1000 * (2 * window - distance) // (2 * window)
def weight(prior, rare, near): return prior * rare * near // 1_000_000


def in_order(policy, records, now):
    """The revisions that count: each the highest of its incident so far, not too late, and an exercise only if the first is (of one log time, the
    first in the log: the lowest stands for it here)."""
    first, top, out, exercise = {}, {}, [], {}
    for r in sorted(set(records), key=lambda r: (r.t, r.incident, r.revision)):
        if r.t >= now: continue
        if r.incident in first and (r.revision <= top[r.incident] or r.t > first[r.incident] + policy["window_ms"] + policy["lateness_ms"]): continue
        if exercise.setdefault(r.incident, r.exercise) != r.exercise: continue
        first.setdefault(r.incident, r.t); top[r.incident] = r.revision
        out.append(r)
    return out


def says(r):
    weighing = frozenset(v for v in r.indicators - r.special if prior(v))
    return weighing if not r.retracted and r.use == "share" else frozenset()


def prior(v): return PRIOR[v.split(":")[0]]
def telling(r): return {v for v in says(r) if prior(v) >= TELLING}
def stands(r): return not r.retracted and r.use == "share"


class World:
    """What is known after some revisions of one realm."""

    def __init__(self, policy):
        self.policy, self.top, self.stood, self.posted, self.links, self.raised = policy, {}, {}, {}, [], {}

    def take(self, r):
        before = says(self.top[r.incident]) if r.incident in self.top else frozenset()
        self.top[r.incident] = r
        if stands(r): self.stood.setdefault(r.incident, r.t)
        if says(r) - before:
            for v in says(r): self.posted.setdefault((v, r.incident), (r.t, r.incident, r.reporter, len(self.posted)))
            self.links += self.linked(r)
        for c in self.clusters()[0]:
            if self.alertable(c):
                self.raised.setdefault(self.anchor(c), set()).update(self.top[i].reporter for i in c)

    def kept(self, v, t):
        """Of each member the last few reports of a value in the window."""
        of = {}
        for (value, _), post in self.posted.items():
            if value == v and t - post[0] < self.policy["window_ms"]: of.setdefault(post[2], []).append(post)
        return [post for posts in of.values() for post in sorted(posts, key=lambda p: p[3])[-self.policy["per_member"]:]]

    def linked(self, r):
        shared = {}
        for v in says(r):
            kept = self.kept(v, r.t)
            saying = sorted((p for p in kept if p[1] != r.incident and v in says(self.top[p[1]])), key=lambda p: (p[0], p[1]), reverse=True)
            for since, other, _, _ in saying[:self.policy["candidates"]]:
                rare, near = rarity(len({p[2] for p in kept})), decay(r.t - since, self.policy["window_ms"])
                shared.setdefault(other, []).append((v, len({p[2] for p in kept}), prior(v), rare, near, weight(prior(v), rare, near)))
        found = []
        for other, values in shared.items():
            values = sorted(values, key=lambda s: (-s[5], s[0]))[:SHARED]
            total = sum(s[5] for s in values)
            if total >= self.policy["evidence_milli"]: found.append((-total, other, values))
        strongest, of = [], {}
        for total, other, values in sorted(found):        # of each member the strongest few, so that none crowds out the others
            of[self.top[other].reporter] = of.get(self.top[other].reporter, 0) + 1
            if of[self.top[other].reporter] <= LINKS_TO_MEMBER: strongest.append((other, values))
        return [(r.t, r.incident, r.revision, rank, other, values) for rank, (other, values) in enumerate(strongest[:LINKS])]

    def holding(self, link):
        _, later, _, _, earlier, values = link
        still = [s for s in values if s[0] in says(self.top[later]) and s[0] in says(self.top[earlier])]
        return still if sum(s[5] for s in still) >= self.policy["evidence_milli"] else []

    def clusters(self):
        """Links taken from the first, in (later time, ids) order. Returns the clusters, the links that joined each, and the refused joins."""
        cluster = {i: frozenset([i]) for i in self.top if stands(self.top[i])}
        joints, evidence, refused, bridges = {}, [], {}, set()
        for link in sorted(self.links, key=lambda l: l[:4]):
            held = self.holding(link)
            if not held: continue
            a, b = cluster[link[4]], cluster[link[1]]
            if a == b: continue
            strong = sum(s[5] for s in held) >= self.policy["threshold_milli"]
            known = telling(self.top[link[1]]) & set().union(*(telling(self.top[i]) for i in a))
            if len(b) == 1:               # a report joins what was there; through one that speaks for more than one cluster nothing does
                belongs = len(known) >= KNOWN or len(a) < self.policy["least_incidents"]
                if not strong or link[4] in bridges or not belongs: continue
            else:
                evidence.append((link[4], link[1], known))
                across = set().union(*(e[2] for e in evidence if {cluster[e[0]], cluster[e[1]]} == {a, b}))
                why = "size" if min(len(a), len(b)) > self.policy["guard"] else None if self.corroborated(across, a, b) else "uncorroborated"
                if why:
                    refused[frozenset([link[4], link[1]])] = why
                    if strong and link[4] not in bridges: bridges.add(link[1])
                    continue
            both = a | b
            joints[both] = joints.pop(a, []) + joints.pop(b, []) + [link]
            for i in both: cluster[i] = both
        return set(cluster.values()), joints, [(cluster[i], cluster[j], why) for (i, j), why in ((tuple(p), w) for p, w in refused.items()) if cluster[i] != cluster[j]]

    def corroborated(self, across, a, b):
        """Not if all of it could be the work of a few members, or of them and one value that both sides happen to share. A value is the work
        of some members where nobody but they reported it on a side that others have reported to. Nor if one report of several says it, on a
        side that one member alone reported, but not the other."""
        by = lambda v, side: {self.top[i].reporter for i in side if v in says(self.top[i])}
        values = {v: (by(v, a), by(v, b)) for v in across}
        reporters = [{self.top[i].reporter for i in side} for side in (a, b)]
        for side, of in zip((a, b), reporters):
            if len(side) > 1 and len(of) == 1 and reporters[0] != reporters[1]:
                sole = [next(iter(said)) for said in ([i for i in side if v in says(self.top[i])] for v in across) if len(said) == 1]
                if any(sole.count(i) + 1 >= len(across) for i in set(sole)): return False
        members = sorted({m for sides in values.values() for side in sides for m in side})
        for suspects in [set(), *({m} for m in members), *({m, n} for m in members for n in members if m < n)]:
            others = [sum(self.top[i].reporter not in suspects for i in side) >= SOMETHING for side in (a, b)]
            if not any(others): continue
            left = [v for v, sides in values.items() if not any(other and side <= suspects for other, side in zip(others, sides))]
            if not left or len(left) == 1 and (len(suspects) < FEW or prior(left[0]) < BY_CHANCE): return False
        return True

    def alertable(self, c):
        return len(c) >= self.policy["least_incidents"] and len({self.top[i].reporter for i in c}) >= self.policy["least_members"]

    def anchor(self, c): return min((self.stood[i], i) for i in c)


def attested(voices):
    said = {}
    for v in voices:
        for country in v.countries: said.setdefault(country, set()).add((v.reporter, v.home))
    return {c for c, who in said.items() if len(who) >= 2 or any(home == c for _, home in who)}


def shown(world, c, joints, refused, now):
    policy, order = world.policy, sorted((world.stood[i], i) for i in c)
    voices = [(t, world.top[i]) for t, i in order]
    spans = [[v for s, v in voices if t - policy["cross_ms"] < s <= t] for t, _ in voices]
    wide = [("cross-border", any(len(attested(s)) >= policy["cross_at_least"] for s in spans)),
            ("cross-sector", any(len(set().union(*(v.sectors for v in s))) >= policy["cross_at_least"] for s in spans))]
    links = sorted(joints.get(c, []), key=lambda l: l[:4])
    carried = {}
    linking = {s[0] for l in links for s in l[5]}
    for _, v in voices:
        for value in says(v) & linking: carried[value] = carried.get(value, 0) + 1
    values = sorted((-n, v) for v, n in carried.items() if n > 1)[:LISTED_VALUES]
    say = [v for _, v in voices]
    others = sorted({world.anchor(b if a == c else a)[1] for a, b, _ in refused if c in (a, b)})
    return dict(state="resolved" if order[-1][0] + policy["window_ms"] <= now else "open", last_fire=order[-1][0], fires=len(links),
                severity=SEVERITIES[max(SEVERITIES.index(v.severity) for v in say)], tlp=TLP[max(TLP.index(v.tlp) for v in say)],
                pap=PAP[max(PAP.index(v.pap) for v in say)], countries=sorted(attested(say)), sectors=sorted(set().union(*(v.sectors for v in say))),
                types=sorted({v.incident_type for v in say}), reports=len(say), members=len({v.reporter for v in say}), contributing=sorted(c),
                listed=order[:LISTED], observed=[v for _, v in values], values=[name for name, holds in wide if holds],
                links=[[l[4], l[1], l[0], [list(s) for s in world.holding(l)]] for l in links[:LISTED_LINKS]], refused=others[:LISTED_REFUSALS])


def campaigns(policy, records, now):
    """Every campaign that ever held, by its anchor: what is told of it now."""
    out = []
    for realm in ("live", "exercise"):
        world, homes = World(policy), {}
        for r in in_order(policy, records, now):
            if ("exercise" if r.exercise else "live") == realm: world.take(r); homes[r.reporter] = r.home
        clusters, joints, refused = world.clusters()
        standing = {world.anchor(c): c for c in clusters if world.alertable(c)}
        for anchor, reach in world.raised.items():
            audience = "eu" if len(reach) >= EU_MEMBERS else sorted({homes[m] for m in reach} - {""})
            told = dict(realm=realm, anchor=anchor, audience=audience)
            if anchor in standing: told.update(shown(world, standing[anchor], joints, refused, now))
            else:
                i = anchor[1]
                home = next((c for c in clusters if i in c), None)
                if home is None:          # it was withdrawn: its campaign lives on with the earliest report that was linked to it
                    linked = {e for l in world.links if i in (l[1], l[4]) for e in (l[1], l[4])} - {i}
                    heirs = sorted((world.stood[e], e) for e in linked if stands(world.top[e]))
                    home = next((c for c in clusters if heirs and heirs[0][1] in c), None)
                told["state"] = "superseded" if home is not None and world.alertable(home) else "retracted"
            out.append(told)
    return out


# --- checks -------------------------------------------------------------------------------------------------------------------
POLICY = dict(window_ms=60, lateness_ms=10, threshold_milli=500, evidence_milli=250, per_member=3, candidates=96, guard=4, least_incidents=3, least_members=2,
              cross_ms=30, cross_at_least=3)
VALUES = ["sha256:aa", "sha256:bb", "domain:a.example", "domain:b.example", "ip:203.0.113.1", "url:https://c.example/", "ip:10.0.0.1"]


def some_records(rng, n):
    members = [("csirt-%s" % c.lower(), c) for c in ("AT", "BE", "CZ", "DE", "EE")]
    out, clock = {}, 0
    for _ in range(n):
        clock += rng.choice([0, 1, 3, 10])
        reporter, home = rng.choice(members); incident = reporter + rng.choice("abcd")
        use = rng.choice(["share"] * 6 + ["match-only", "named-recipients-only"])
        r = Record(clock, incident, reporter, home, rng.choice([0, 0, 1, 2]), frozenset(rng.sample(VALUES, rng.choice([1, 2, 3]))), frozenset([home]),
                   retracted=rng.random() < .1, use=use, special=frozenset(["ip:10.0.0.1"]), exercise=incident.endswith("d"))
        out.setdefault((incident, r.revision), r)
    return list(out.values())


def check(rounds=300):
    held = hidden = 0
    for seed in range(rounds):
        rng = random.Random(seed); records = some_records(rng, 16); now = max(r.t for r in records) + rng.choice([0, 1, 90])
        final = campaigns(POLICY, records, now); held += any(a["state"] == "open" for a in final)
        shuffled = records + rng.sample(records, 3); rng.shuffle(shuffled)
        assert sorted(map(repr, campaigns(POLICY, shuffled, now))) == sorted(map(repr, final)), seed
        spoken = {r.incident for r in records if r.use == "share"}
        hidden += len(spoken) < len({r.incident for r in records})
        assert campaigns(POLICY, [r for r in records if r.incident in spoken], now) == final, seed
    print(f"{rounds} cases, {held} with an open campaign, {hidden} with an incident that may link nothing")


CASE = '{"policy": {"window_ms": 60, "...": 0}, "now": 90, "records": [{"t": 1, "incident": "00", "reporter": "csirt-at", "home": "AT", "revision": 0, "indicators": ["domain:bad.example"], "countries": ["AT"]}]}'
SETS = {"indicators", "special", "countries", "sectors", "recipients"}


def main():
    if sys.argv[1:] != ["--lines"]:
        return check()
    for line in sys.stdin:
        case = json.loads(line)
        records = [Record(**{k: frozenset(v) if k in SETS else v for k, v in r.items()}) for r in case["records"]]
        print(json.dumps(campaigns(case["policy"], records, case["now"])), flush=True)


if __name__ == "__main__":
    main()
