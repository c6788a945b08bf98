#!/usr/bin/env python3
"""Executable definition of surges: more reports of a type, from one country, from all of them, or of all that hit a sector, than was learned to expect. Plain and slow on
purpose: the set of accepted records and what was learned go in, the alerts come out; no order of arrival appears anywhere. The product must agree with it.

Time is cut into bins. A series is the reports of a type from the members of one country (a cell) or from all members (a whole), counted in the bin
in which they happened; the same again of those reports of the type that name a sector, where only the whole raises alerts. A whole stands out if its sum does, or if in one bin many of its
cells do, each a little; that of a type also if many do, each in a sector of its own. Of its last few bins not all reports are in yet: what is expected of them is thinned by the part that is known by now.
Older bins are settled. Events come in the order of time: at the end of a bin every series is judged, then what was learned before it is taken,
then the next bin begins; what has the time of an end comes after it. Records of one time come in the order of (incident, revision).

    surges.py             checks itself
    surges.py --lines     reads one case a line on standard input, prints its alerts, in the order they were opened, as one line of JSON; see CASE below
"""
import json, math, random, sys
from dataclasses import dataclass, fields

SHIFTS = [0.75, 1.5, 3.0]    # of the mean, in standard deviations: what a running sum looks for
CAP = 25.0                   # of a running sum
QUIET = 3.0                  # a score that ends an excursion
LEAST_MEAN, PLAIN = 1e-6, 1e-6   # no mean is lower; a dispersion above one by less is none
LARGEST = 2                  # a whole is counted without the excess of this many countries
EU_MEMBERS = 3               # independent members behind an alert of a whole
HELD = 10_000                # reports that a collection holds
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
    incident_type: str = "other/other"
    severity: str = "medium"
    tlp: str = "TLP:AMBER"
    pap: str = "PAP:AMBER"
    retracted: bool = False
    use: str = "share"             # share | match-only | named-recipients-only
    exercise: bool = False
    backfill: bool = False
    countries: frozenset = frozenset()
    sectors: frozenset = frozenset()
    occurred_from: object = None   # when it happened; None where nobody said
    detected_at: object = None


@dataclass(frozen=True)
class Learned:                     # in force for bins that begin after it
    at: int
    number: int
    threshold: float
    known: list                    # the part of a bin's reports that is in at its own end, at the end of the next, ...; the last is 1
    types: list
    columns: list                  # countries; "" for the members without one
    laws: dict                     # of each bin, by its index: "cells" by type and column, "wholes" by type (or None), "parts" by part (or None), each (mean, dispersion)
    parts: list = ()               # what is watched by sector: {"type": .., "sector": .., "shares": the part of the type's reports that name it, by column}


# --- laws ---------------------------------------------------------------------------------------------------------------------
class Law:
    """How many reports a bin has: negative binomial with this mean and a variance of mean * dispersion; Poisson where that is the mean."""

    def __init__(self, mean, dispersion):
        self.mean, self.dispersion = max(mean, LEAST_MEAN), dispersion
        self.deviation = math.sqrt(self.mean * dispersion)
        self.poisson = dispersion - 1 < PLAIN
        self.size = None if self.poisson else self.mean / (dispersion - 1)

    def thinned(self, part): return Law(self.mean * part, 1 + (self.dispersion - 1) * part)
    def log_none(self):            # ln P(X = 0)
        return -self.mean if self.poisson else -self.size * math.log1p(self.mean / self.size)

    def ratio(self, k):            # P(X = k + 1) / P(X = k)
        return self.mean / (k + 1) if self.poisson else (self.size + k) / (k + 1) * self.mean / (self.size + self.mean)

    def surprise(self, x):
        """-ln P(X >= x), summed upwards from P(X = x), of which everything is a part: no tail is too small. Nothing for what is not much."""
        if x <= self.mean + self.deviation: return 0.0
        log_here = math.fsum([self.log_none()] + [math.log(self.ratio(k)) for k in range(x)])
        total, term, k = 1.0, 1.0, x
        while term > total * 1e-18:
            term, k = term * self.ratio(k), k + 1
            total += term
        return -log_here - math.log(total)

    def log_likelier(self, x, shift):
        """ln of how much likelier x is where the mean is higher by `shift` deviations and the size is the same."""
        m, higher = self.mean, self.mean + shift * self.deviation
        if self.poisson: return x * math.log(higher / m) - (higher - m)
        g = math.log1p((higher - m) / (self.size + m))
        return x * (math.log(higher / m) - g) - self.size * g


def step(sums, law, x): return {d: min(CAP, max(0.0, s + law.log_likelier(x, d))) for d, s in sums.items()}
def reading(sums, surprise):
    """The score that a step leaves: sums and surprises on one scale."""
    return max([surprise] + [s + 1.166 * d - math.log(d * d / 2) - 1.5 for d, s in sums.items() if s > 0])


def spread(surprises):
    """The set of columns that says most, without the two that stand out most: how unlikely so many stand out so, where each does by itself. And it: how many columns, and how much each says at least."""
    falling, best = sorted(surprises, reverse=True), (0.0, 0, 0.0)
    others = len(falling) - LARGEST
    for size in range(LARGEST + 1, len(falling) + 1):
        least = falling[size - 1]
        if least <= 0: break
        logs = [math.log(math.comb(others, k)) - k * least + (others - k) * math.log(-math.expm1(-least)) for k in range(size - LARGEST, others + 1)]
        said = -(max(logs) + math.log(math.fsum(math.exp(log - max(logs)) for log in logs)))
        if said > best[0]: best = (said, size, least)
    return best


# --- what counts --------------------------------------------------------------------------------------------------------------
def taken(records, now):
    """The revisions that count: each the highest of its incident so far, and an exercise only if the first is."""
    top, exercise, out = {}, {}, []
    for r in sorted(records, key=lambda r: (r.t, r.incident, r.revision)):
        if r.t >= now or r.incident in top and r.revision <= top[r.incident]: continue
        if exercise.setdefault(r.incident, r.exercise) != r.exercise: continue
        top[r.incident] = r.revision
        out.append(r)
    return out


def counts(r): return not r.retracted and r.use == "share" and not r.exercise and not r.backfill
def occurrence(r):
    said = r.occurred_from if r.occurred_from is not None else r.detected_at if r.detected_at is not None else r.t
    return min(said, r.t)


class Bin:
    def __init__(self, index, law): self.index, self.law, self.incidents = index, law, set()     # those that are counted here; a whole lists none


class Series:
    def __init__(self, key):                      # (type, country, sector): no country where it is a whole, no sector where all count
        self.key, self.recent, self.settled = key, [], {d: 0.0 for d in SHIFTS}
        self.collection, self.ever = {}, set()    # of this excursion: the reports that stand, (time, what it says) by incident; all their reporters
        self.alert, self.last = None, {}          # the open one; how the series was last scored

    def is_whole(self): return self.key[1] is None
    def at(self, index): return next((b for b in self.recent if b.index == index), None)
    def alarms(self): return self.recent[-1].law is not None if self.is_whole() else self.key[1] != "" and self.key[2] is None


# --- watching -----------------------------------------------------------------------------------------------------------------
class World:
    def __init__(self, bin_ms, learned):
        self.bin_ms, self.coming, self.learned, self.series, self.said, self.alerts = bin_ms, list(learned), None, {}, {}, []

    def place(self, r):
        """Where a record counts, if it does: its series, a cell and a whole for each of its rows, and its bin."""
        if not (r and counts(r)): return [], None
        rows = [None] + sorted(r.sectors)
        return [(r.incident_type, column, sector) for sector in rows for column in (r.home, None)], occurrence(r) // self.bin_ms

    def end(self, at):
        """At a bin's end."""
        for s in self.series.values():
            self.score(s)
            if s.last["score"] <= QUIET: self.close(s)
        while self.coming and self.coming[0].at < at: self.learn(self.coming.pop(0))
        if self.learned: self.begin(at // self.bin_ms)

    def close(self, s):
        """An excursion is over, and its alert if there is one."""
        if s.alert: s.alert.update(shown(s), state="resolved" if s.collection else "retracted")
        s.alert, s.collection, s.ever = None, {}, set()

    def learn(self, new):
        """Only what follows on the last is taken. Series that it does not list are dropped; those that it lists go on, or start empty."""
        if new.number != (self.learned.number if self.learned else 0) + 1: return
        self.learned = new
        rows = [(kind, None) for kind in new.types] + [(of["type"], of["sector"]) for of in new.parts]
        listed = [(kind, column, sector) for kind, sector in rows for column in [*new.columns, None]]
        for key in set(self.series) - set(listed): self.close(self.series.pop(key))
        for key in listed: self.series.setdefault(key, Series(key))

    def begin(self, index):
        """Wholes first: what is settled of a whole rests on its cells."""
        for s in sorted(self.series.values(), key=lambda s: not s.is_whole()):
            while len(s.recent) >= len(self.learned.known):
                oldest = s.recent[0]
                if oldest.law: s.settled = step(s.settled, oldest.law, self.count(s, oldest, 1.0))
                del s.recent[0]
            s.recent.append(Bin(index, self.law(s.key, index)))

    def law(self, key, index):
        laws, kind = self.learned.laws[str(index)], self.learned.types.index(key[0])
        of_part = next((at for at, of in enumerate(self.learned.parts) if (of["type"], of["sector"]) == (key[0], key[2])), None)
        if key[1] is None:
            said = laws["wholes"][kind] if key[2] is None else laws["parts"][of_part]
            return said and Law(*said)           # a whole may have none in a bin: the bin then says nothing
        column = self.learned.columns.index(key[1])
        law = Law(*laws["cells"][kind][column])
        return law if key[2] is None else law.thinned(self.learned.parts[of_part]["shares"][column])

    def count(self, s, b, part):
        """Of a whole, without what is too much in the few countries where most is too much: these have alerts of their own."""
        if not s.is_whole(): return len(b.incidents)
        cells = self.cells(s, b)
        excesses = sorted((max(0.0, len(c.incidents) - c.law.mean * part) for c in cells), reverse=True)
        return max(0, math.floor(sum(len(c.incidents) for c in cells) - sum(excesses[:LARGEST])))

    def cells(self, s, b): return [c.at(b.index) for c in self.series.values() if not c.is_whole() and c.key[0::2] == s.key[0::2] and c.at(b.index)]

    def together(self, s, sectors=()):
        """What the cells of a whole say as a set, in the bin where that is most, of two the newer; which bin that is, of how many cells; and in how many sectors each was looked at: where there are
        any, each cell counts as much as it does in the sector where it stands out most, less the logarithm of how many it was looked at in."""
        best = (0.0, 0, 0.0), None, 0, 0
        for age, b in enumerate(reversed(s.recent)):
            if b.law is None: continue
            columns = [c.key[1] for c in self.series.values() if not c.is_whole() and c.key[0::2] == s.key[0::2] and c.at(b.index)]
            surprises = [self.most([(s.key[0], column, sector) for sector in [s.key[2], *sectors]], b, self.learned.known[age]) for column in columns]
            if spread(surprises)[0] > best[0][0]: best = spread(surprises), b, len(surprises), len(sectors)
        return best

    def over_sectors(self, s, said):
        """The set over the sectors of a type, where it says more than so much, more than what is quiet, and more than each sector by itself, which tells the same."""
        parts = [self.series[(s.key[0], None, of["sector"])] for of in self.learned.parts if of["type"] == s.key[0]] if s.key[2] is None else []
        if not parts: return None
        found = self.together(s, [part.key[2] for part in parts])
        return found if found[0][0] > max(said, QUIET) and all(self.of_row(part)[0] < found[0][0] for part in parts) else None

    def most(self, looked, b, part):
        cells = [c for c in (self.series[key].at(b.index) for key in looked) if c]
        return max(0.0, max(c.law.thinned(part).surprise(len(c.incidents)) for c in cells) - math.log(len(looked)))

    def of_row(self, s):
        """What the sum of a series says, or the set of its cells; the set, if it is that; and its bins."""
        sums, tail, last, bins = s.settled, 0.0, 0.0, []
        for number, b in enumerate(s.recent):
            part = self.learned.known[len(s.recent) - 1 - number]       # by the age of the bin: the newest has none
            count, law = self.count(s, b, part), b.law and b.law.thinned(part)
            bins.append([b.index * self.bin_ms, count, law and law.mean])
            if law:
                sums, surprise = step(sums, law, count), law.surprise(count)
                tail, last = max(tail, surprise), reading(sums, surprise)
        score, found = max(tail, last), None
        if s.is_whole() and s.recent and s.recent[-1].law is not None and self.together(s)[0][0] > score:
            found = self.together(s)
            score = found[0][0]
        return score, found, bins

    def score(self, s):
        score, found, bins = self.of_row(s)
        if s.is_whole() and s.recent and s.recent[-1].law is not None:
            found = self.over_sectors(s, score) or found
            score = found[0][0] if found else score
        if found:
            (_, size, least), b, watched, looked = found
            found = [b.index * self.bin_ms, size, watched, least, looked]
        s.last = dict(score=score, together=found, threshold=self.learned.threshold, learned=self.learned.number, bins=bins)

    def take(self, r):
        (old, old_bin), (new, new_bin) = self.place(self.said.get(r.incident)), self.place(r)
        self.said[r.incident] = r
        if new and new[0] not in self.series: new = []        # nothing is counted of a country that is not listed
        old, new = ([key for key in keys if key in self.series] for keys in (old, new))
        rows = dict.fromkeys((key[0], key[2]) for key in old + new)
        after = {}
        for kind, sector in rows:
            in_row = lambda keys: [key for key in keys if (key[0], key[2]) == (kind, sector)]
            cell = lambda keys, bin: next((self.series[key].at(bin) for key in in_row(keys) if key[1] is not None), None)
            left, taken = cell(old, old_bin), cell(new, new_bin)
            if left: left.incidents.discard(r.incident)
            if taken: taken.incidents.add(r.incident)
            for key in in_row(new): after[key] = taken is not None
        for s in [self.series[key] for key in dict.fromkeys(old + new)]:
            self.collect(s, r, s.key in new, old_bin == new_bin, after.get(s.key, False))
        for s in [self.series[key] for key in dict.fromkeys(old + new)]:
            self.score(s)
            if s.alert is None and after.get(s.key) and self.alarming(s): self.open(s, r)

    def collect(self, s, r, counted, same_bin, adds):
        """A report that is still counted in the same bin of the series keeps its time, any other is a new one."""
        since, _ = s.collection.pop(r.incident, (None, None))
        if since is not None and counted and same_bin: s.collection[r.incident] = (since, r)
        elif counted and adds and len(s.collection) < HELD:
            s.collection[r.incident] = (r.t, r)
            if s.alert: s.alert.update(fires=s.alert["fires"] + 1, last_fire=max(s.alert["last_fire"], r.t))
        if r.incident in s.collection: s.ever.add(r.reporter)

    def alarming(self, s):
        return s.alarms() and s.last["score"] > s.last["threshold"] and (not s.is_whole() or len(s.ever) >= EU_MEMBERS)

    def open(self, s, r):
        s.alert = dict(key=[said for said in s.key if said is not None], anchor=[r.t, r.incident], state="open", fires=1, last_fire=r.t)
        self.alerts.append(s.alert)


# --- what is told -------------------------------------------------------------------------------------------------------------
def attested(voices):
    """Countries named by their own reporter, or by two independent members."""
    said = {}
    for v in voices:
        for country in v.countries: said.setdefault(country, set()).add((v.reporter, v.home))
    return {c for c, who in said.items() if len({r for r, _ in who}) >= 2 or any(home == c for _, home in who)}


def shown(s):
    """What is told of the open alert of a series, besides its state: by the reports that stand, and as it was last scored."""
    say, times, first = [r for _, r in s.collection.values()], [t for t, _ in s.collection.values()], s.alert["anchor"][0]
    return dict(audience="eu" if s.is_whole() else [s.key[1]], reports=len(say), members=len({r.reporter for r in say}), set=sorted(s.collection),
                countries=sorted(attested(say)) if s.is_whole() else [s.key[1]], sectors=[s.key[2]] if s.key[2] else sorted(set().union(*(r.sectors for r in say))),
                severity=SEVERITIES[max((SEVERITIES.index(r.severity) for r in say), default=2)],
                tlp=TLP[max((TLP.index(r.tlp) for r in say), default=3)], pap=PAP[max((PAP.index(r.pap) for r in say), default=-1)],
                first_seen=min(times, default=first), last_seen=max(times, default=first), **s.last)


def surges(bin_ms, now, records, learned):
    """Every alert that was ever opened before `now`, in that order."""
    if not learned: return []
    world, begins = World(bin_ms, learned), learned[0].at // bin_ms * bin_ms       # nothing is watched before
    events = [((r.t, 1, r.incident, r.revision), world.take, r) for r in taken(records, now)] + [((at, 0), world.end, at) for at in range(begins, now + 1, bin_ms)]
    for _, happens, what in sorted(events, key=lambda e: e[0]): happens(what)
    for s in world.series.values():
        if s.alert: s.alert.update(shown(s))
    return world.alerts


# --- checks -------------------------------------------------------------------------------------------------------------------
COLUMNS, TYPES = ["AT", "BE", "CZ", "DE", ""], ["fraud/phishing", "availability/ddos"]


def some_learned(rng, number, at, types=TYPES, columns=COLUMNS):
    cell = lambda: [rng.choice([0.0, 0.2, 1.0, 3.0]), rng.choice([1.0, 1.3, 2.0])]
    wholes = [rng.random() < .8 for _ in types]
    parts = [dict(type=kind, sector="energy", shares=[rng.choice([0.1, 0.5, 1.0]) for _ in columns]) for kind in types]
    laws = {str(b): dict(cells=[[cell() for _ in columns] for _ in types], wholes=[[0.3, 1.2] if w else None for w in wholes], parts=[[0.2, 1.1] if w else None for w in wholes]) for b in range(30)}
    return Learned(at, number, rng.choice([4.0, 6.0]), rng.choice([[0.6, 0.9, 1.0], [0.5, 1.0], [0.4, 0.7, 0.9, 1.0]]), types, columns, laws, parts)


def some_records(rng, n, span=200):
    out, drill = {}, {}
    for _ in range(n):
        t, home = rng.choice([rng.randrange(span), rng.randrange(60, 100)]), rng.choice(COLUMNS + ["FR"])
        incident, reporter = "%s%02d" % (home.lower() or "eu", rng.randrange(25)), "csirt-" + (home.lower() or "eu")
        r = Record(t, incident, reporter, home, rng.randrange(4), rng.choice(TYPES * 6 + ["other/other"]), rng.choice(SEVERITIES), rng.choice(TLP), rng.choice(PAP),
                   rng.random() < .1, rng.choice(["share"] * 9 + ["match-only"]), drill.setdefault(incident, rng.random() < .05), rng.random() < .05,
                   frozenset(rng.sample([home or "IT", "IT", "PL"], rng.choice([1, 2]))), frozenset(rng.sample(["energy", "food"], rng.choice([0, 1, 2]))),
                   rng.choice([None, t - 30, t - 5, t + 50]), rng.choice([None, t - 8]))
        out.setdefault((incident, r.revision), r)
    return list(out.values())


def check(rounds=60):
    for mean, dispersion, x in [(0.3, 1.0, 4), (2.0, 1.0, 9), (0.3, 1.4, 3), (5.0, 3.0, 30), (40.0, 8.0, 120)]:
        law, logs = Law(mean, dispersion), []
        for k in range(x + 2000):
            if law.poisson: logs.append(k * math.log(mean) - mean - math.lgamma(k + 1))
            else: logs.append(math.lgamma(k + law.size) - math.lgamma(law.size) - math.lgamma(k + 1) - law.size * math.log(dispersion) + k * math.log(1 - 1 / dispersion))
        assert abs(math.fsum(map(math.exp, logs)) - 1) < 1e-9 and abs(law.surprise(x) + math.log(math.fsum(map(math.exp, logs[x:])))) < 1e-9
        assert abs(math.fsum(math.exp(log + law.log_likelier(k, 1.5)) for k, log in enumerate(logs)) - 1) < 1e-9      # the likelier law is one, too
    assert spread([9.0, 9.0]) == spread([0.0] * 9) == (0.0, 0, 0.0)
    said, size, least = spread([50.0, 60.0, 4.0] + [0.0] * 24)      # one of 25 at what chance has in one of e^4
    assert abs(said + math.log(1 - (1 - math.exp(-4)) ** 25)) < 1e-9 and (size, least) == (3, 4.0)
    kinds = {}
    for seed in range(rounds):
        rng = random.Random(seed); records = some_records(rng, 150)
        learned = [some_learned(rng, 1, 25), some_learned(rng, 3, 70), some_learned(rng, 2, rng.choice([100, 119]), *rng.choice([(TYPES, COLUMNS), (TYPES[:1], COLUMNS[1:])]))]
        found = surges(10, 205, records, learned)
        for a in found:
            sector = a["key"][-1] in ("energy", "food")
            kind = ("sector " if sector else "whole " if len(a["key"]) == 1 else "cell ") + a["state"]; kinds[kind] = kinds.get(kind, 0) + 1
            assert a["anchor"][0] >= 30 and a["last_fire"] >= a["anchor"][0] and a["fires"] >= 1 and a["members"] <= a["reports"] == len(a["set"])
            assert a["learned"] in (1, 2) and len(a["bins"]) <= 4 and a["key"][-1] != ""
        shuffled = records + rng.sample(records, 5); rng.shuffle(shuffled)
        assert surges(10, 205, shuffled, learned) == found, seed
        assert surges(10, 205, [r for r in records if not r.exercise], learned) == found, seed      # an exercise says nothing to anyone
        for now in (80, 120, 165):                       # what was opened stays opened; what was closed does not change
            earlier = surges(10, now, records, learned)
            assert [(a["key"], a["anchor"]) for a in earlier] == [(a["key"], a["anchor"]) for a in found if a["anchor"][0] < now], (seed, now)
            assert all(a in found for a in earlier if a["state"] != "open"), (seed, now)
    print(f"{rounds} cases, alerts: " + ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items())))


CASE = '{"bin_ms": 10, "now": 20, "records": [{"t": 12, "incident": "00", "reporter": "csirt-at", "home": "AT", "revision": 0, "incident_type": "fraud/phishing", "severity": "high", "tlp": "TLP:GREEN", "pap": "PAP:GREEN", "retracted": false, "use": "share", "exercise": false, "backfill": false, "countries": ["AT"], "sectors": [], "occurred_from": null, "detected_at": 11}], "learned": [{"at": 5, "number": 1, "threshold": 3.5, "known": [0.5, 1.0], "types": ["fraud/phishing"], "columns": ["AT", ""], "laws": {"1": {"cells": [[[0.01, 1.0], [0.01, 1.0]]], "wholes": [[0.02, 1.2]], "parts": [[0.01, 1.0]]}, "2": {"cells": [[[0.01, 1.0], [0.01, 1.0]]], "wholes": [null], "parts": [null]}}, "parts": [{"type": "fraud/phishing", "sector": "energy", "shares": [0.5, 0.5]}]}]}'


def read(kind, plain):
    return kind(**{f.name: frozenset(plain[f.name]) if f.name in ("countries", "sectors") else plain[f.name] for f in fields(kind) if f.name in plain})


def main():
    if sys.argv[1:] != ["--lines"]:
        return check()
    for line in sys.stdin:
        case = json.loads(line)
        records, learned = [read(Record, r) for r in case["records"]], [read(Learned, l) for l in case["learned"]]
        print(json.dumps(surges(case["bin_ms"], case["now"], records, learned)), flush=True)


if __name__ == "__main__":
    main()
