#!/usr/bin/env python3
"""Executable definition of cascade warnings: what depends on a sector that is hit is warned, along the dependencies, for as long as they say. Plain
and slow on purpose: the set of accepted records and the dependencies go in, the alerts come out; no order of arrival appears anywhere. The
product must agree with it.

A node is a sector in a country. A report counts on the nodes it names if it may be shared, stands, is severe enough and is no backfill. It counts
on a node since the record that first named it; what is said there again later keeps that time. A node that others depend on is *hit at the root*
when enough reports by enough members count on it within the window: that fires. Fires make an episode, which lasts as long as anything that it
warns of may still come true.

What depends on the root is warned until so many hours after the last fire. A warned node is *confirmed* when reports on it since the first one
behind the episode come from its own country, or from two members; then what depends on that one is warned as well, counted from the last report on it. So a path
holds as far as each of its nodes but the last is hit. There is an alert for each country in which an episode ever warned.

Records come in the order of (time, incident, revision); before one of them changes anything, episodes that have ended before it are closed.

    cascades.py             checks itself
    cascades.py --lines     reads one case a line on standard input, prints its alerts as one line of JSON; see CASE below
"""
import json, random, sys
from dataclasses import dataclass, fields

EU_MEMBERS = 3               # independent members before any country is told that none of them is from
NODES = 64                   # a report that names more says nothing about any
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
    countries: frozenset = frozenset()
    sectors: frozenset = frozenset()
    severity: str = "high"
    tlp: str = "TLP:AMBER"
    pap: str = "PAP:AMBER"
    retracted: bool = False
    use: str = "share"             # share | match-only | named-recipients-only
    exercise: bool = False
    backfill: bool = False


@dataclass(frozen=True)
class Policy:
    window_ms: int
    reports: int                   # that count on the root within the window
    members: int                   # behind them
    severity: str                  # the least that counts
    held: int                      # reports of one member on one node: its oldest and its newest are kept
    within: list                   # [sector, sector that depends on it, for how long] in the same country
    between: list                  # [sector, country, country, for how long]: the sector of each depends on that of the other

    def dependents(self, node):
        """What depends on a node, and for how long it is warned."""
        sector, country = node
        found = {}
        for a, b, ms in self.within:
            if a == sector: found[(b, country)] = ms
        for s, x, y, ms in self.between:
            if s == sector and country in (x, y): found[(s, y if country == x else x)] = ms
        return sorted(found.items())


class Episode:
    def __init__(self, root, r, since):
        self.root, self.anchor, self.since, self.last_fire = root, (r.t, r.incident), since, r.t
        self.fires, self.peak, self.reach, self.countries = 0, 0, {}, set()     # reach: every reporter behind the root, and its country


class World:
    """One realm: what is real, or what is exercised."""

    def __init__(self, policy):
        self.policy, self.on, self.ever, self.said, self.open, self.closed = policy, {}, {}, {}, {}, []

    def nodes(self, r):
        if r.retracted or r.use != "share" or r.backfill or SEVERITIES.index(r.severity) < SEVERITIES.index(self.policy.severity): return set()
        found = {(s, c) for s in r.sectors for c in r.countries}
        return found if len(found) <= NODES else set()

    def take(self, r):
        before, now = self.said.get(r.incident, set()), self.nodes(r)
        self.said[r.incident] = now
        if not before and not now: return
        for root, e in sorted(self.open.items()):
            if self.ends(e) < r.t: self.close(root)
        for node in before - now:
            self.on.get(node, {}).pop((self.ever[r.incident, node], r.incident), None)
        for node in sorted(now):
            is_new = (r.incident, node) not in self.ever
            at = self.ever.setdefault((r.incident, node), r.t)
            self.put(node, at, r)
            if is_new: self.fire(node, r)
            if node in self.open and at >= self.open[node].since: self.open[node].reach[r.reporter] = r.home
        for e in self.open.values():
            e.countries |= {node[1] for node in self.warned(e)}

    def put(self, node, at, r):
        """A report counts on a node, in the words of its last revision. Of one member the oldest are kept and the newest."""
        on = self.on.setdefault(node, {})
        first = min((e.since for e in self.open.values()), default=r.t)
        for key in [key for key in on if key[0] <= r.t - self.policy.window_ms and key[0] < first]: del on[key]
        on[at, r.incident] = r
        own = sorted(key for key, other in on.items() if other.reporter == r.reporter)
        if len(own) > self.policy.held: del on[own[-2]]

    def fire(self, node, r):
        if not self.policy.dependents(node): return
        recent = {key: o for key, o in self.on[node].items() if r.t - self.policy.window_ms < key[0] <= r.t}
        if not self.enough(recent.values()): return
        if node not in self.open:
            self.open[node] = Episode(node, r, min(recent)[0])
            self.open[node].reach = {o.reporter: o.home for o in recent.values()}
        e = self.open[node]
        e.last_fire, e.fires, e.peak = r.t, e.fires + 1, max(e.peak, len(recent))

    def enough(self, reports):
        return len(reports) >= self.policy.reports and len({r.reporter for r in reports}) >= self.policy.members

    def behind(self, e, node):
        return {key: r for key, r in sorted(self.on.get(node, {}).items()) if key[0] >= e.since}

    def holds(self, e):
        """Whether what stands on the root is enough in some window."""
        on = self.behind(e, e.root)
        return any(self.enough([r for key, r in on.items() if a - self.policy.window_ms < key[0] <= a]) for a, _ in on)

    def confirmed(self, e, node):
        on = self.behind(e, node)
        members = {r.reporter for r in on.values()}
        return on if len(members) >= 2 or any(r.home == node[1] for r in on.values()) else None

    def warned(self, e):
        """Every warned node, nearest first: the node before it on its path, until when, and the reports that confirm it."""
        if not self.holds(e): return {}
        found, queue, last = {}, [e.root], {e.root: e.last_fire}
        while queue:
            here = queue.pop(0)
            for node, ms in self.policy.dependents(here):
                if node == e.root: continue
                if node not in found:
                    by = self.confirmed(e, node)
                    found[node] = [here, 0, by]
                    if by: last[node] = max(at for at, _ in by); queue.append(node)
                found[node][1] = max(found[node][1], max(last[here], last.get(node, 0)) + ms)
        return found

    def ends(self, e):
        return max([e.last_fire + self.policy.window_ms] + [until for _, until, _ in self.warned(e).values()])

    def close(self, root):
        e = self.open.pop(root)
        self.closed += self.alerts(e, self.ends(e) + 1)

    def alerts(self, e, now):
        return [self.alert(e, country, now) for country in sorted(e.countries)]

    def alert(self, e, country, now):
        warned = self.warned(e)
        here = {node: w for node, w in warned.items() if node[1] == country}
        state = "retracted" if not here else "open" if any(until >= now for _, until, _ in here.values()) else "resolved"
        paths, behind = {}, self.behind(e, e.root)
        for node in here:
            path = [node]
            while path[0] != e.root: path.insert(0, warned[path[0]][0])
            paths[node] = path
            for step in path[1:]: behind |= warned[step][2] or {}
        homes = {home for home in e.reach.values() if home}
        reports = {r.incident: (at, r) for (at, _), r in sorted(behind.items(), reverse=True)}      # on several nodes: since the first
        say, times = [r for _, r in reports.values()], [at for at, _ in reports.values()]
        warnings = [dict(sector=node[0], path=[list(step) for step in paths[node]], until=until,
                         state="confirmed" if by else "pending" if until >= now else "expired", reports=len(by or {}),
                         members=len({r.reporter for r in (by or {}).values()})) for node, (_, until, by) in sorted(here.items())]
        return dict(key=[e.root[0], e.root[1], country], anchor=list(e.anchor), state=state, fires=e.fires, last_fire=e.last_fire, peak=e.peak,
                    audience=sorted(homes | ({e.root[1], country} if len(e.reach) >= EU_MEMBERS else set())),
                    countries=sorted({e.root[1], country} | {step[1] for path in paths.values() for step in path}),
                    sectors=sorted({e.root[0]} | {node[0] for node in here}),
                    reports=len(say), members=len({r.reporter for r in say}), set=sorted(reports),
                    severity=SEVERITIES[max((SEVERITIES.index(r.severity) for r in say), default=2)],
                    tlp=TLP[max((TLP.index(r.tlp) for r in say), default=3)], pap=PAP[max((PAP.index(r.pap) for r in say), default=-1)],
                    first_seen=min(times, default=e.anchor[0]), last_seen=max(times, default=e.anchor[0]), warnings=warnings)


def taken(records, now):
    """The revisions that count: each the highest of its incident so far, and an exercise only if the first is."""
    top, exercise, out = {}, {}, []
    for r in sorted(records, key=lambda r: (r.t, r.incident, r.revision)):
        if r.t >= now or r.incident in top and r.revision <= top[r.incident]: continue
        if exercise.setdefault(r.incident, r.exercise) != r.exercise: continue
        top[r.incident] = r.revision
        out.append(r)
    return out


def cascades(policy, now, records):
    """Every alert that there ever was, as of `now`."""
    found = []
    for realm in (False, True):
        world = World(policy)
        for r in taken(records, now):
            if r.exercise == realm: world.take(r)
        for root, e in sorted(world.open.items()):
            if world.ends(e) < now: world.close(root)
        for e in world.open.values(): world.closed += world.alerts(e, now)
        found += [dict(alert, exercise=realm) for alert in world.closed]
    return found


# --- checks -------------------------------------------------------------------------------------------------------------------
H = 3_600_000
SOME = Policy(24 * H, 3, 2, "high", 5, [["energy", "health", 24 * H], ["energy", "banking", 8 * H], ["banking", "food", 4 * H]],
              [["energy", "AT", "DE", 6 * H], ["energy", "AT", "HU", 6 * H]])


def electricity():
    """The strategy's own example: what is told, hour by hour."""
    say = lambda t, n, who, home, sector, country, **more: Record(t * H, n, who, home, 0, frozenset([country]), frozenset([sector]), **more)
    root = [say(1, "a", "csirt-de", "DE", "energy", "DE"), say(2, "b", "police-de", "DE", "energy", "DE"), say(3, "c", "csirt-at", "AT", "energy", "DE")]
    told = lambda now, records: {(w["path"][-1][0], a["key"][2]): w["state"] for a in cascades(SOME, now * H, records) if a["state"] != "retracted" for w in a["warnings"]}
    assert told(3, root) == {}                                              # two reports are no cluster
    assert told(4, root) == {("health", "DE"): "pending", ("banking", "DE"): "pending", ("energy", "AT"): "pending"}
    assert told(12, root)["banking", "DE"] == "expired" and told(12, root)["health", "DE"] == "pending"
    hit = root + [say(5, "d", "csirt-at", "AT", "energy", "AT")]            # the path goes on through what is hit, and no further
    assert {node for node in told(6, hit)} == {("health", "DE"), ("banking", "DE"), ("energy", "AT"), ("health", "AT"), ("banking", "AT"), ("energy", "HU")}
    assert told(6, hit)["energy", "AT"] == "confirmed"
    one = root[:2] + [say(3, "c", "csirt-de", "DE", "energy", "DE")]        # by two members, of one country: it alone is told
    assert all(a["audience"] == ["DE"] for a in cascades(SOME, 4 * H, one)) and all(a["audience"] == sorted({"AT", "DE", a["key"][2]}) for a in cascades(SOME, 4 * H, root))
    assert told(4, [r for r in root if r.reporter == "csirt-de"] * 3) == {}
    assert told(4, root[:2] + [say(3, "c", "csirt-at", "AT", "energy", "DE", severity="medium")]) == {}
    assert told(4, root[:2] + [say(3, "c", "csirt-at", "AT", "energy", "FR")]) == {}
    back = root + [Record(4 * H, "b", "police-de", "DE", 1, retracted=True)]
    assert [a["state"] for a in cascades(SOME, 5 * H, back)] == ["retracted"] * 2
    assert all(a["state"] == "resolved" for a in cascades(SOME, 28 * H, root))


def some_records(rng, n):
    out, drill = {}, {}
    for _ in range(n):
        t, home = rng.choice([rng.randrange(120), rng.randrange(40, 60)]) * H // 2, rng.choice(["AT", "DE", "HU", ""])
        incident, reporter = "%s%02d" % (home.lower() or "eu", rng.randrange(15)), "csirt-" + (home.lower() or "eu")
        r = Record(t, incident, reporter, home, rng.randrange(4), frozenset(rng.sample(["AT", "DE", "HU"], rng.choice([1, 1, 2]))),
                   frozenset(rng.sample(["energy", "energy", "health", "banking", "food"], rng.choice([1, 1, 2]))), rng.choice(["high"] * 6 + ["low", "critical"]), rng.choice(TLP[:3]),
                   rng.choice(PAP), rng.random() < .1, rng.choice(["share"] * 9 + ["match-only"]), drill.setdefault(incident, rng.random() < .05), rng.random() < .05)
        out.setdefault((incident, r.revision), r)
    return list(out.values())


def check(rounds=60):
    electricity()
    kinds = {}
    for seed in range(rounds):
        rng = random.Random(seed); records = some_records(rng, 60)
        found = cascades(SOME, 70 * H, records)
        for a in found:
            kinds[a["state"]] = kinds.get(a["state"], 0) + 1
            assert a["last_fire"] >= a["anchor"][0] and a["members"] <= a["reports"] == len(a["set"])
            for w in a["warnings"]:                     # a path holds: every node on it but the last is hit
                assert w["path"][0] == a["key"][:2] and all(tuple(b) in dict(SOME.dependents(tuple(a))) for a, b in zip(w["path"], w["path"][1:]))
        shuffled = records + rng.sample(records, 5); rng.shuffle(shuffled)
        assert cascades(SOME, 70 * H, shuffled) == found, seed
        real = [r for r in records if not r.exercise]
        assert cascades(SOME, 70 * H, real) == [a for a in found if not a["exercise"]], seed      # an exercise says nothing to what is real
        for now in (30, 50):                            # what was there stays there
            earlier = {(tuple(a["key"]), tuple(a["anchor"])) for a in cascades(SOME, now * H, records)}
            assert earlier <= {(tuple(a["key"]), tuple(a["anchor"])) for a in found}, (seed, now)
    print(f"{rounds} cases, alerts: " + ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items())))


CASE = '{"policy": {"window_ms": 86400000, "reports": 2, "members": 2, "severity": "high", "held": 100, "within": [["energy", "health", 3600000]], "between": [["energy", "AT", "DE", 3600000]]}, "now": 20, "records": [{"t": 12, "incident": "00", "reporter": "csirt-at", "home": "AT", "revision": 0, "severity": "high", "tlp": "TLP:GREEN", "pap": "PAP:GREEN", "retracted": false, "use": "share", "exercise": false, "backfill": false, "countries": ["AT"], "sectors": ["energy"]}]}'


def read(plain):
    return Record(**{f.name: frozenset(plain[f.name]) if f.name in ("countries", "sectors") else plain[f.name] for f in fields(Record) if f.name in plain})


def main():
    if sys.argv[1:] != ["--lines"]:
        return check()
    for line in sys.stdin:
        case = json.loads(line)
        print(json.dumps(cascades(Policy(**case["policy"]), case["now"], [read(r) for r in case["records"]])), flush=True)


if __name__ == "__main__":
    main()
