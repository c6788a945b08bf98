#!/usr/bin/env python3
"""Executable definition of fold, compartments, rules, episodes, urgent reports, audiences and alert states. Plain and slow on purpose: the
set of accepted records goes in, the live alerts come out; no order of arrival appears anywhere. The product must agree with it.

Times are log time in milliseconds. Ties are broken by the incident id's order; what has one log time lies in one and the same window.

A rule is a condition with an id, sources and a group-by. A condition says what it measures ("field") in a window ("within_ms"), the bounds of
that ("at_least", and "at_most" where there is one), and what it looks at ("of"): sources of the rule by number, or further conditions, whose
firings then are its events.

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
SHOWN_FIELDS = {"country", "attested_country", "sector", "critical_sector", "incident_type", "incident_class", "severity"}
PAP = ["PAP:CLEAR", "PAP:GREEN", "PAP:AMBER", "PAP:RED"]
CONTEXT = {"asn", "user_agent", "malware", "technique"}   # kinds whose values describe an attack, and identify none
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
    exercise: bool = False         # of a report the first in the log says; a revision that says otherwise counts for nobody
    backfill: bool = False         # feeds linking and statistics; never opens a contribution to alert windows
    special: frozenset = frozenset()   # of the indicators, those that mean nothing outside one network (RFC 6890): they make no key


@dataclass(frozen=True)
class Voice:                       # what an incident says about a key: all it ever said, or what it says now
    reporter: str
    home: str
    countries: frozenset
    openly: bool
    quietly: bool                  # match-only
    sources: frozenset = frozenset([0])    # of the rule, those that admit it under this key
    severity: int = 2
    severities: frozenset = frozenset()
    tlp: int = 2
    pap: int = 2
    sectors: frozenset = frozenset()
    types: frozenset = frozenset()
    observed: frozenset = frozenset()      # indicators that mean something outside one network
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
    """The group-by values of a revision under a rule: one key for each combination, with the sources of the rule that admit it there. A plain
    value_count of critical reports has the reporter for a key, so that the quota is judged over one reporter's reports."""
    if rule["field"] == "critical_report" and r.severity != "critical": return {}
    found = {}
    for number, source in enumerate(rule.get("sources", [{}])):
        if any(getattr(r, field) != value for field, value in source.get("filter", {}).items()): continue
        out = {()}
        for field in source.get("group_by", rule["group_by"]):
            out = {key + (v,) for key in out for v in said_by(r, field)}
        for key in out: found.setdefault(key, set()).add(number)
    return found


def said_by(r, field):
    """The values of a field in one revision, as they make keys."""
    telling = r.indicators - r.special
    plain = {"indicator": identifying(telling), "country": r.countries, "sector": r.sectors, "critical_sector": r.sectors & CRITICAL_SECTORS,
             "incident_type": {r.incident_type}, "incident_class": {r.incident_type.split("/")[0]}, "severity": {r.severity},
             "reporter": {r.reporter}, "reporter_country": {r.home} - {""}}
    return plain[field] if field in plain else {i.split(":", 1)[1] for i in telling if i.split(":", 1)[0] == field}


def identifying(indicators):
    """Without those that describe an attack: under their own kind alone they make keys, and are counted."""
    return frozenset(i for i in indicators if i.split(":", 1)[0] not in CONTEXT)


def voice(reporter, home, revisions):
    """Of revisions, each with the sources that admit it."""
    admitted, revisions = union(by for _, by in revisions), [r for r, _ in revisions]
    quiet = [r for r in revisions if r.use == "match-only"]
    return Voice(reporter, home, union(r.countries for r in revisions), len(quiet) < len(revisions), bool(quiet), admitted,
                 max(SEVERITIES.index(r.severity) for r in revisions), frozenset(r.severity for r in revisions),
                 max(TLP.index(r.tlp) for r in revisions), max(PAP.index(r.pap) for r in revisions),
                 union(r.sectors for r in revisions), frozenset(r.incident_type for r in revisions), union(r.indicators - r.special for r in revisions),
                 union(r.indicators for r in revisions if r.severity == "critical" and r.use != "match-only"))


def of_one_realm(records):
    """Without revisions that are an exercise where the report's first is none, or the other way. Of one log time, the first in the log is the first:
    whoever draws such must say which by the time."""
    first = {}
    for r in sorted(records, key=lambda r: (r.t, r.revision)): first.setdefault(r.incident, r.exercise)
    return {r for r in records if r.exercise == first[r.incident]}


def fold(rule, records, horizon):
    """(compartment, key) -> [Contribution]. Duplicates and arrival order cannot matter: everything is a max, a min or a union over a set.
    A revision changes a contribution only if stamped at most `horizon` (the rule's span + L) after it; a later one is shown as evidence, no more."""
    incidents, out = {}, {}
    for r in of_one_realm(set(records)):
        incidents.setdefault(r.incident, []).append((r, keys(rule, r)))
    for incident, revisions in incidents.items():
        said = {}
        for r, found in revisions:
            if not r.backfill and not r.retracted:
                for key in found: said.setdefault((compartment(r), key), []).append((r, found[key]))
        for (room, key), carrying in said.items():
            t = min(r.t for r, _ in carrying)
            carrying = [(r, by) for r, by in carrying if r.t <= t + horizon]
            top, found = max(((r, found) for r, found in revisions if r.t <= t + horizon), key=lambda revision: revision[0].revision)
            first = carrying[0][0]
            stands = not top.retracted and compartment(top) == room and key in found
            ever = voice(first.reporter, first.home, carrying)
            now = ever if [r for r, _ in carrying] == [top] else voice(top.reporter, top.home, [(top, found[key])]) if stands else None
            out.setdefault((room, key), []).append(Contribution(t, incident, ever, now))
    return out


def union(sets):
    return frozenset().union(*sets)


def counted(events):
    """Of a window, what may influence anyone: match-only voices only from RELEASE distinct members on."""
    quiet = {e.voice.reporter for e in events if e.voice.quietly}
    return [e for e in events if e.voice.openly or len(quiet) >= RELEASE]


def attested(voices):
    """Countries named by their own reporter, or by two independent members."""
    said = {}
    for v in voices:
        for country in v.countries: said.setdefault(country, set()).add((v.reporter, v.home))
    return {c for c, who in said.items() if len({w for w, _ in who}) >= 2 or any(home == c for _, home in who)}


# --- rules --------------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Event:                       # a voice as a condition looks at it
    place: int                     # in all that is said on the key
    t: int
    incident: str
    voice: Voice
    matches: frozenset             # which entries of the condition's list it is one of


def looks_at(condition): return condition.get("of", [0])
def inner(condition): return [entry for entry in looks_at(condition) if isinstance(entry, dict)]
def sources(condition): return union([{entry for entry in looks_at(condition) if not isinstance(entry, dict)}] + [sources(i) for i in inner(condition)])
def span(condition): return condition["within_ms"] + max((span(i) for i in inner(condition)), default=0)
def may_turn_false(condition): return condition.get("at_most") is not None or any(may_turn_false(i) for i in inner(condition))


def reached(condition, measured):
    """Identity rests on the lower bounds alone: what reaches them once does so whatever else is said."""
    return measured >= condition["at_least"]


def holds(condition, measured):
    return reached(condition, measured) and (condition.get("at_most") is None or measured <= condition["at_most"])


def events(condition, said, bounds):
    """Of all that is said on a key, as (time, incident, voice), what the condition looks at: reports of its sources, and reports at which a
    condition in its list fires."""
    fired = {i: {e.place for e in fires(entry, said, bounds)} for i, entry in enumerate(looks_at(condition)) if isinstance(entry, dict)}
    matches = lambda place, v: frozenset(i for i, entry in enumerate(looks_at(condition)) if (place in fired[i] if i in fired else entry in v.sources))
    found = [Event(place, t, incident, v, matches(place, v)) for place, (t, incident, v) in enumerate(said)]
    return [e for e in found if e.matches]


def window(found, end, within):
    return [e for e in found if end - within < e.t <= end]


def fires(condition, said, bounds):
    """The events at which a condition is true: of the window that ends there."""
    found = events(condition, said, bounds)
    return [e for e in found if bounds(condition, measure(condition, window(found, e.t, condition["within_ms"])))]


def measure(condition, pane):
    counting = counted(pane)
    if condition["field"] == "event_count": return len(counting)
    if condition["field"] == "temporal_ordered": return in_order(counting, len(looks_at(condition)))
    return len(values(condition, pane))


def in_order(pane, length):
    """How much of the list, from its beginning, came in this order at strictly rising times."""
    last = -1
    for place in range(length):
        later = [e.t for e in pane if e.t > last and place in e.matches]
        if not later: return place
        last = min(later)
    return length


def values(condition, pane):
    """The distinct values in a window; of `temporal` the entries of the list that are there."""
    pane, field = counted(pane), condition["field"]
    voices = [e.voice for e in pane]
    plain = {"attested_country": lambda: attested(voices),                                          # the cross-border detector
             "temporal": lambda: union(e.matches for e in pane), "event_count": set, "temporal_ordered": set,
             "country": lambda: union(v.countries for v in voices), "sector": lambda: union(v.sectors for v in voices),
             "critical_sector": lambda: union(v.sectors for v in voices) & CRITICAL_SECTORS, "incident_type": lambda: union(v.types for v in voices),
             "incident_class": lambda: {t.split("/")[0] for v in voices for t in v.types}, "severity": lambda: union(v.severities for v in voices),
             "reporter": lambda: {v.reporter for v in voices}, "reporter_country": lambda: {v.home for v in voices} - {""},
             "indicator": lambda: identifying(union(v.observed for v in voices))}
    return plain[field]() if field in plain else {i for v in voices for i in v.observed if i.split(":", 1)[0] == field}


def named(rule, found):
    """What an explanation names: never a member, and never an indicator that was counted. An entry by its source's name, or by what it measures."""
    if rule["field"] == "temporal":
        name = lambda entry: entry["field"] if isinstance(entry, dict) else rule.get("sources", [{}])[entry].get("name", "report")
        return sorted({name(looks_at(rule)[i]) for i in found})
    return sorted(found) if rule["field"] in SHOWN_FIELDS else []


# --- episodes -----------------------------------------------------------------------------------------------------------------
def episodes(rule, contributions):
    """Maximal runs of fires with gaps <= W, over everything ever accepted, in (time, incident) order."""
    W, runs = rule["within_ms"], []
    for a in fires(rule, [(c.t, c.incident, c.ever) for c in contributions], reached):
        if runs and a.t - runs[-1][-1].t <= W: runs[-1].append(a)
        else: runs.append([a])
    return runs


def shown_by(basis):
    """What the standing voices of an alert say: severity, sectors and types by those who speak openly, markings by all."""
    openly = [v for v in basis if v.openly]
    return dict(severity=SEVERITIES[max((v.severity for v in openly), default=2)], tlp=TLP[max(v.tlp for v in basis)], pap=PAP[max(v.pap for v in basis)],
                sectors=sorted(union(v.sectors for v in openly)), types=sorted(union(v.types for v in openly)))


def contributing(shown):
    listed = sorted((e.t, e.incident) for e in shown if not e.voice.quietly)
    return dict(reports=len(shown), unlisted=sum(e.voice.quietly for e in shown), members=len({e.voice.reporter for e in shown}),
                contributing=sorted(e.incident for e in shown), listed=listed[:LISTED])


def windowed(rule, room, key, own, visible, now):
    """Where more reports can make a rule false, it sees only what lies behind log time: nothing more can come there."""
    W, reach, visible = rule["within_ms"], span(rule), sorted((c for c in visible if c.t < now or not may_turn_false(rule)), key=lambda c: (c.t, c.incident))
    looked_at = lambda v: bool(v and v.sources & sources(rule))
    said = events(rule, [(c.t, c.incident, c.now) for c in visible if c.now], holds)
    for run in episodes(rule, visible):
        if not any(run[0].t - reach < c.t <= run[-1].t for c in own): continue            # the pool says it already
        # Behind a fire stand the reports of its window and, where firings are counted, those in the windows of these.
        behind = lambda a, voice: counted([Event(0, c.t, c.incident, voice(c), frozenset()) for c in visible if a.t - reach < c.t <= a.t and looked_at(voice(c))])
        ever = [behind(a, lambda c: c.ever) for a in run]
        panes = [(a, window(said, a.t, W)) for a in run]
        standing = [measure(rule, pane) for _, pane in panes if holds(rule, measure(rule, pane))]
        state = "retracted" if not standing else "resolved" if now >= run[-1].t + W else "open"
        # What must not exceed a bound is shown as far as it did not.
        panes = [(a, pane) for a, pane in panes if not may_turn_false(rule) or holds(rule, measure(rule, pane))]
        backing = [behind(a, lambda c: c.now) for a, _ in panes]
        shown = {e for pane in backing for e in pane}
        basis = [e.voice for e in shown] or [e.voice for pane in ever for e in pane]
        if room[1] is not POOL: audience = "recipients"
        elif rule["widest_audience"] == "eu" and any(len({e.voice.reporter for e in pane}) >= EU_MEMBERS for pane in ever): audience = "eu"
        else: audience = sorted({e.voice.home for pane in ever for e in pane} - {""})
        yield dict(rule=rule["id"], kind=rule["kind"], room=room, key=key, anchor=(run[0].t, run[0].incident), last_fire=run[-1].t, fires=len(run),
                   state=state, audience=audience, held=False, values=named(rule, union(values(rule, pane) for _, pane in panes)), peak=max(standing, default=0),
                   countries=sorted(union(attested([e.voice for e in pane]) for pane in backing)),
                   first_seen=min((e.t for e in shown), default=run[0].t), last_seen=max((e.t for e in shown), default=run[-1].t),
                   **shown_by(basis), **contributing(shown))


def urgent(rule, room, key, own, now):
    """Each critical report by itself. It corroborates nothing and never leaves its compartment. Of one reporter's, in a window, the
    first `quota` go out; the rest waits for a person. Match-only ones reach the reporter and the hub's duty officer only."""
    W = rule["within_ms"]
    for c in own:
        earlier = [x for x in own if (x.t, x.incident) < (c.t, c.incident) and x.t > c.t - W]
        held = len(earlier) >= rule["quota"]
        state = "retracted" if not c.now else "resolved" if now >= c.t + W else "open"
        shown = {Event(0, c.t, c.incident, c.now, frozenset())} if c.now else set()
        if room[1] is not POOL: audience = "recipients"
        elif held or not c.ever.openly: audience = "reporter:" + c.ever.reporter
        else: audience = sorted(c.ever.countries)
        countries = sorted(c.now.countries) if c.now else []
        observed = sorted((c.now or c.ever).indicators)[:SHOWN]
        yield dict(rule=rule["id"], kind=rule["kind"], room=room, key=key, anchor=(c.t, c.incident), last_fire=c.t, fires=1, state=state, audience=audience, observed=observed,
                   held=held, values=countries, peak=len(shown), countries=countries, first_seen=c.t, last_seen=c.t,
                   **shown_by([c.now or c.ever]), **contributing(shown))


def alerts(rule, records, now, late):
    """The canonical live view L."""
    out = []
    folded = fold(rule, [r for r in records if r.t <= now], span(rule) + late)
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
    """Of the live view, what anyone is told: an alert that never held, because its reports were withdrawn before or came to more than the rule
    allows, concerns nobody. What is true behind log time is so a millisecond later."""
    final, heard = alerts(rule, records, now, late), []
    for t in sorted({t for r in records for t in (r.t, r.t + 1) if t <= now}):
        heard += [f for a in alerts(rule, records, t, late) if a["state"] != "retracted" for f in resolve(final, a)]
    return [a for a in final if a["state"] != "retracted" or a in heard]


# --- checks -------------------------------------------------------------------------------------------------------------------
BY_TYPE = [dict(name="phishing", filter={"incident_type": "fraud/phishing"}), dict(name="ddos", filter={"incident_type": "availability/ddos"}), dict(name="any")]
ALIAS = [dict(name="any"), dict(name="critical ddos", filter={"incident_type": "availability/ddos"}, group_by=["critical_sector"])]
FEW = dict(field="event_count", at_least=2, at_most=3, within_ms=20, of=[0])
RULES = [dict(id="cross-border", kind="cross-border", group_by=["indicator"], field="attested_country", at_least=3, within_ms=50, quota=0, widest_audience="eu"),
         dict(id="sector", kind="cross-border", group_by=["indicator", "critical_sector"], field="attested_country", at_least=2, within_ms=50, quota=0, widest_audience="countries"),
         dict(id="reporters", kind="rule", group_by=["indicator"], field="reporter", at_least=2, within_ms=50, quota=0, widest_audience="eu"),
         dict(id="plain", kind="rule", group_by=["indicator"], field="country", at_least=3, within_ms=50, quota=0, widest_audience="eu"),
         dict(id="few", kind="rule", group_by=["indicator"], field="event_count", at_least=2, at_most=3, within_ms=50, quota=0, widest_audience="eu"),
         dict(id="both", kind="rule", group_by=["indicator"], sources=BY_TYPE, of=[0, 1], field="temporal", at_least=2, within_ms=50, quota=0, widest_audience="eu"),
         dict(id="order", kind="rule", group_by=["severity"], sources=BY_TYPE, of=[0, 1, 2], field="temporal_ordered", at_least=3, within_ms=50, quota=0, widest_audience="eu"),
         dict(id="sectors", kind="rule", group_by=[], sources=BY_TYPE, of=[1], field="sector", at_least=2, within_ms=50, quota=0, widest_audience="countries"),
         dict(id="chain", kind="rule", group_by=["sector"], sources=ALIAS, of=[FEW, 1], field="reporter", at_least=2, at_most=4, within_ms=40, quota=0, widest_audience="eu"),
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
