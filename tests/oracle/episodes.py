#!/usr/bin/env python3
"""Executable definition of fold, compartments, episodes, urgent reports, audiences and alert states. Plain and slow on purpose: the set
of accepted records goes in, the live alerts come out; no order of arrival appears anywhere. The product must agree with it.

Times are log time in milliseconds. Ties are broken by the incident id's order.

    episodes.py             checks itself
    episodes.py --lines     reads one case a line on standard input, prints its alerts as one line of JSON; see CASE below.
                            "told": true leaves out what was withdrawn before it ever held
"""
import json, random, sys
from dataclasses import dataclass

POOL = None        # the shared pool; otherwise a recipient list: its overlay reads the pool of its own realm, nothing flows back
RELEASE = 4        # match-only reports on a key count once this many members made one in the window: any viewer then sees 3 others
EU_MEMBERS = 3     # independent members behind an alert that every member may see
LISTED = 100       # reports an alert lists itself
SHOWN = 20         # indicators an urgent alert shows
SEVERITIES = ["info", "low", "medium", "high", "critical"]
TLP = ["TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT", "TLP:RED"]
PAP = ["PAP:CLEAR", "PAP:GREEN", "PAP:AMBER", "PAP:RED"]
CRITICAL_SECTORS = {"energy", "transport", "banking", "financial-market-infrastructures", "health", "drinking-water", "waste-water",
                    "digital-infrastructure", "ict-service-management-b2b", "public-administration", "space"}   # NIS2 Annex I


@dataclass(frozen=True)
class Record:                      # one accepted revision of one report, stamped by the log
    t: int                         # log time (running maximum of its partition's stamps)
    incident: str                  # its id; all revisions of a report share it
    reporter: str
    home: str                      # the reporter's own country; "" for a body of the Union
    revision: int
    indicators: frozenset          # canonical
    countries: frozenset
    sectors: frozenset = frozenset()
    incident_type: str = "other/other"
    severity: str = "medium"
    tlp: str = "TLP:AMBER"
    pap: str = "PAP:AMBER"
    retracted: bool = False
    use: str = "share"             # share | match-only | named-recipients-only
    recipients: frozenset = frozenset()
    exercise: bool = False         # the same in every revision of a report: ingest refuses another
    backfill: bool = False         # feeds linking and statistics; never opens a contribution to alert windows
    special: frozenset = frozenset()   # of the indicators, those that mean nothing outside one network (RFC 6890): they make no key


@dataclass(frozen=True)
class Voice:                       # what an incident says about a key: all it ever said, or what it says now
    reporter: str
    home: str
    countries: frozenset
    openly: bool
    quietly: bool                  # match-only
    severity: int = 2
    tlp: int = 2
    pap: int = 2
    sectors: frozenset = frozenset()
    types: frozenset = frozenset()
    indicators: frozenset = frozenset()    # of open reports that say critical: an urgent alert shows them


@dataclass(frozen=True)
class Contribution:                # one incident on one key in one compartment
    t: int                         # earliest stamp of any revision carrying the key there
    incident: str
    ever: Voice                    # union over those revisions: identity and audience rest on it, so it only grows
    now: object                    # the highest revision, if it still stands here: state rests on it


def compartment(r):
    return ("exercise" if r.exercise else "live", r.recipients if r.use == "named-recipients-only" else POOL)


def keys(rule, r):
    """The group-by values of a revision under a rule: one key for each combination. A plain value_count of critical reports has the
    reporter for a key, so that the quota is judged over one reporter's reports."""
    if rule["field"] == "critical_report" and r.severity != "critical": return set()
    out = {()}
    for field in rule["group_by"]:
        values = {"indicator": r.indicators - r.special, "critical_sector": r.sectors & CRITICAL_SECTORS, "reporter": {r.reporter}}[field]
        out = {key + (v,) for key in out for v in values}
    return out


def voice(reporter, home, revisions):
    quiet = [r for r in revisions if r.use == "match-only"]
    return Voice(reporter, home, frozenset().union(*(r.countries for r in revisions)), len(quiet) < len(revisions), bool(quiet),
                 max(SEVERITIES.index(r.severity) for r in revisions), max(TLP.index(r.tlp) for r in revisions),
                 max(PAP.index(r.pap) for r in revisions), frozenset().union(*(r.sectors for r in revisions)),
                 frozenset(r.incident_type for r in revisions),
                 frozenset().union(*(r.indicators for r in revisions if r.severity == "critical" and r.use != "match-only")))


def fold(rule, records, horizon):
    """(compartment, key) -> [Contribution]. Duplicates and arrival order cannot matter: everything is a max, a min or a union over a set.
    A revision changes a contribution only if stamped at most `horizon` (W + L) after it; a later one is shown as evidence, no more."""
    incidents, out = {}, {}
    for r in set(records):
        incidents.setdefault(r.incident, []).append(r)
    for incident, revisions in incidents.items():
        said = {}
        for r in revisions:
            if not r.backfill and not r.retracted:
                for key in keys(rule, r): said.setdefault((compartment(r), key), []).append(r)
        for (room, key), carrying in said.items():
            t = min(r.t for r in carrying)
            carrying = [r for r in carrying if r.t <= t + horizon]
            top = max((r for r in revisions if r.t <= t + horizon), key=lambda r: r.revision)
            first = carrying[0]
            stands = not top.retracted and compartment(top) == room and key in keys(rule, top)
            out.setdefault((room, key), []).append(Contribution(t, incident, voice(first.reporter, first.home, carrying),
                                                                voice(top.reporter, top.home, [top]) if stands else None))
    return out


def counted(voices):
    """Voices of a window that may influence anyone: match-only ones only from RELEASE distinct members on."""
    quiet = {v.reporter for v in voices if v.quietly}
    return [v for v in voices if v.openly or len(quiet) >= RELEASE]


def attested(voices):
    """Countries named by their own reporter, or by two independent members."""
    said = {}
    for v in voices:
        for country in v.countries: said.setdefault(country, set()).add((v.reporter, v.home))
    return {c for c, who in said.items() if len({w for w, _ in who}) >= 2 or any(home == c for _, home in who)}


def values(rule, voices):
    voices = counted(voices)
    return {"country": lambda: set().union(*(v.countries for v in voices)) if voices else set(),     # Sigma's value_count, plain
            "attested_country": lambda: attested(voices),                                            # the cross-border detector
            "reporter": lambda: {v.reporter for v in voices}}[rule["field"]]()


def holds(rule, voices):
    return len(values(rule, voices)) >= rule["at_least"]


def episodes(rule, contributions):
    """Maximal runs of fires with gaps <= W, over everything ever accepted, in (time, incident) order."""
    W, runs = rule["within_ms"], []
    ever = sorted(contributions, key=lambda c: (c.t, c.incident))
    for a in ever:
        if holds(rule, [c.ever for c in ever if a.t - W < c.t <= a.t]):
            if runs and a.t - runs[-1][-1].t <= W: runs[-1].append(a)
            else: runs.append([a])
    return [(run, [c for c in ever if run[0].t - W < c.t <= run[-1].t]) for run in runs]


def union(sets):
    return set().union(*sets)


def shown_by(basis):
    """What the standing voices of an alert say: severity, sectors and types by those who speak openly, markings by all."""
    openly = [v for v in basis if v.openly]
    return dict(severity=SEVERITIES[max((v.severity for v in openly), default=2)], tlp=TLP[max(v.tlp for v in basis)], pap=PAP[max(v.pap for v in basis)],
                sectors=sorted(union(v.sectors for v in openly)), types=sorted(union(v.types for v in openly)))


def contributing(shown):
    listed = sorted((c.t, c.incident) for c in shown if not c.now.quietly)
    return dict(reports=len(shown), unlisted=sum(c.now.quietly for c in shown), members=len({c.now.reporter for c in shown}),
                contributing=sorted(c.incident for c in shown), listed=listed[:LISTED])


def named(rule, found):
    """What an explanation names: never a member."""
    return [] if rule["field"] == "reporter" else sorted(found)


def windowed(rule, room, key, own, visible, now):
    W = rule["within_ms"]
    for run, members in episodes(rule, visible):
        if not any(c in own for c in members): continue                                   # the pool says it already
        ever = [counted([c.ever for c in members if a.t - W < c.t <= a.t]) for a in run]
        panes = [[c for c in members if c.now and a.t - W < c.t <= a.t] for a in run]
        stands = any(holds(rule, [c.now for c in pane]) for pane in panes)
        state = "retracted" if not stands else "resolved" if now >= run[-1].t + W else "open"
        shown = {c for pane in panes for c in pane if c.now in counted([x.now for x in pane])}
        basis = [c.now for c in shown] or [v for pane in ever for v in pane]
        if room[1] is not POOL: audience = "recipients"
        elif rule["widest_audience"] == "eu" and any(len({v.reporter for v in pane}) >= EU_MEMBERS for pane in ever): audience = "eu"
        else: audience = sorted({v.home for pane in ever for v in pane} - {""})
        yield dict(rule=rule["id"], kind=rule["kind"], room=room, key=key, anchor=(run[0].t, run[0].incident), last_fire=run[-1].t, fires=len(run),
                   state=state, audience=audience, held=False, values=named(rule, union(values(rule, [c.now for c in pane]) for pane in panes)),
                   countries=sorted(union(attested(counted([c.now for c in pane])) for pane in panes)),
                   first_seen=min((c.t for c in shown), default=run[0].t), last_seen=max((c.t for c in shown), default=run[-1].t),
                   **shown_by(basis), **contributing(shown))


def urgent(rule, room, key, own, now):
    """Each critical report by itself. It corroborates nothing and never leaves its compartment. Of one reporter's, in a window, the
    first `quota` go out; the rest waits for a person. Match-only ones reach the reporter and the hub's duty officer only."""
    W = rule["within_ms"]
    for c in own:
        earlier = [x for x in own if (x.t, x.incident) < (c.t, c.incident) and x.t > c.t - W]
        held = len(earlier) >= rule["quota"]
        state = "retracted" if not c.now else "resolved" if now >= c.t + W else "open"
        shown = {c} if c.now else set()
        if room[1] is not POOL: audience = "recipients"
        elif held or not c.ever.openly: audience = "reporter:" + c.ever.reporter
        else: audience = sorted(c.ever.countries)
        countries = sorted(c.now.countries) if c.now else []
        observed = sorted((c.now or c.ever).indicators)[:SHOWN]
        yield dict(rule=rule["id"], kind=rule["kind"], room=room, key=key, anchor=(c.t, c.incident), last_fire=c.t, fires=1, state=state, audience=audience, observed=observed,
                   held=held, values=countries, countries=countries, first_seen=c.t, last_seen=c.t,
                   **shown_by([c.now or c.ever]), **contributing(shown))


def alerts(rule, records, now, late):
    """The canonical live view L."""
    out = []
    folded = fold(rule, [r for r in records if r.t <= now], rule["within_ms"] + late)
    for room, key in folded:
        own = folded[room, key]
        if rule["field"] == "critical_report":
            out += urgent(rule, room, key, own, now)
        else:
            visible = own + (folded.get(((room[0], POOL), key), []) if room[1] is not POOL else [])
            out += windowed(rule, room, key, own, visible, now)
    return out


def resolve(found, alert):
    """The one alert that an id once emitted belongs to today."""
    same = [a for a in found if (a["rule"], a["room"], a["key"]) == (alert["rule"], alert["room"], alert["key"])]
    return [a for a in same if a["anchor"] <= alert["anchor"] and alert["anchor"][0] <= a["last_fire"]]


def told(rule, records, now, late):
    """Of the live view, what anyone is told: an alert whose reports were withdrawn before it ever held concerns nobody."""
    final, heard = alerts(rule, records, now, late), []
    for t in sorted({r.t for r in records if r.t <= now}):
        heard += [f for a in alerts(rule, records, t, late) if a["state"] != "retracted" for f in resolve(final, a)]
    return [a for a in final if a["state"] != "retracted" or a in heard]


# --- checks -------------------------------------------------------------------------------------------------------------------
RULES = [dict(id="cross-border", kind="cross-border", group_by=["indicator"], field="attested_country", at_least=3, within_ms=50, quota=0, widest_audience="eu"),
         dict(id="sector", kind="cross-border", group_by=["indicator", "critical_sector"], field="attested_country", at_least=2, within_ms=50, quota=0, widest_audience="countries"),
         dict(id="reporters", kind="rule", group_by=["indicator"], field="reporter", at_least=2, within_ms=50, quota=0, widest_audience="eu"),
         dict(id="plain", kind="rule", group_by=["indicator"], field="country", at_least=3, within_ms=50, quota=0, widest_audience="eu"),
         dict(id="urgent", kind="urgent", group_by=["reporter"], field="critical_report", at_least=1, within_ms=50, quota=1, widest_audience="countries")]


def some_records(rng, n):
    members = [("csirt-%s" % c.lower(), c) for c in ("AT", "BE", "CZ", "DE", "EE", "FR")]
    out, clock, drill = {}, 0, {}
    for _ in range(n):
        clock += rng.choice([0, 1, 3, 10, 40])
        reporter, home = rng.choice(members); incident = reporter + rng.choice("abc")
        use = rng.choice(["share"] * 4 + ["match-only"] * 2 + ["named-recipients-only"])
        r = Record(clock, incident, reporter, home, rng.randrange(3), frozenset(rng.sample(["k1", "k2"], rng.choice([1, 1, 2]))),
                   frozenset(rng.sample([home, "IT", "PL"], rng.choice([1, 2]))), frozenset(rng.sample(["energy", "food"], rng.choice([0, 1, 2]))),
                   rng.choice(["fraud/phishing", "availability/ddos"]), rng.choice(SEVERITIES), rng.choice(TLP[:4]), rng.choice(PAP), rng.random() < .15, use,
                   frozenset(["europol"] if use == "named-recipients-only" else []), drill.setdefault(incident, rng.random() < .1), rng.random() < .05)
        out.setdefault((incident, r.revision), r)                  # ingest refuses the same revision with other content
    return list(out.values())


def canonical(found):
    return sorted(map(repr, found))


def check(rounds=600):
    alive = ids = hidden_cases = 0
    for seed in range(rounds):
        rng = random.Random(seed); records = some_records(rng, 14); now = max(r.t for r in records) + rng.choice([0, 30])
        incidents = {}
        for r in records: incidents.setdefault(r.incident, []).append(r)
        secret = [r for group in incidents.values() if all(r.use == "named-recipients-only" for r in group) for r in group]
        hidden_cases += bool(secret)
        subset = []      # of each incident a prefix in log time: its revisions share a partition
        for group in incidents.values():
            group = sorted(group, key=lambda r: r.t); subset += group[:rng.randint(0, len(group))]
        for rule in RULES:
            final = alerts(rule, records, now, 5); alive += any(a["state"] == "open" for a in final)
            shuffled = records + rng.sample(records, min(3, len(records))); rng.shuffle(shuffled)
            assert canonical(alerts(rule, shuffled, now, 5)) == canonical(final), seed
            pool = [a for a in final if a["room"][1] is POOL]
            without = alerts(rule, [r for r in records if r not in secret], now, 5)
            assert canonical(pool) == canonical(a for a in without if a["room"][1] is POOL), seed
            live = [a for a in final if a["room"][0] == "live"]
            assert canonical(live) == canonical(alerts(rule, [r for r in records if not r.exercise], now, 5)), seed
            for a in alerts(rule, subset, now, 5):
                ids += 1; assert len(resolve(final, a)) == 1, (seed, a)
            for a in final:
                assert a["audience"] != "eu" or a["kind"] != "urgent"
    print(f"{rounds} cases of {len(RULES)} rules, {alive} with an open alert, {hidden_cases} with a hidden incident, {ids} earlier ids each resolve to one alert")


CASE = '{"rules": [{"id": "cross-border", "kind": "cross-border", "group_by": ["indicator"], "field": "attested_country", "at_least": 3, "within_ms": 86400000, "quota": 0, "widest_audience": "eu"}], "lateness_ms": 300000, "now": 9000, "records": [{"t": 100, "incident": "00", "reporter": "csirt-at", "home": "AT", "revision": 0, "indicators": ["domain:bad.example"], "countries": ["AT"]}]}'
SETS = {"indicators", "special", "countries", "sectors", "recipients"}


def plain(alert):
    realm, recipients = alert["room"]
    return {**alert, "room": [realm, sorted(recipients) if recipients is not POOL else None], "key": list(alert["key"])}


def main():
    if sys.argv[1:] != ["--lines"]:
        return check()
    for line in sys.stdin:
        case = json.loads(line)
        records = [Record(**{k: frozenset(v) if k in SETS else v for k, v in r.items()}) for r in case["records"]]
        view = told if case.get("told") else alerts
        found = [plain(a) for rule in case["rules"] for a in view(rule, records, case["now"], case["lateness_ms"])]
        print(json.dumps(sorted(found, key=repr)), flush=True)


if __name__ == "__main__":
    main()
