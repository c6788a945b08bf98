#!/usr/bin/env python3
"""Weekly counts with known outbreaks, for judging surge detectors side by side: `cargo xtask bench surge`.

42 scenarios in the form of Noufaily et al. 2013 (Statistics in Medicine 32:1206): seven levels (log mean, variance over mean) by six
shapes (trend a week, waves of the year). 624 weeks each, four outbreaks in the past and one in the last 49 weeks, which are judged.

usage: scenarios.py SEED REPLICATES OUT.csv      columns: scenario,replicate,week,count,outbreak (cases that the outbreak added)
"""
import csv
import math
import random
import sys

WEEKS, JUDGED, PAST = 624, 49, 312
LEVELS = [(0.1, 1.5), (-2.0, 2.0), (1.5, 1.0), (0.5, 5.0), (2.5, 3.0), (3.75, 1.1), (5.0, 1.2)]
SHAPES = [(trend, waves) for waves in (0, 1, 2) for trend in (0.0, 0.0025)]


def poisson(rng, mean):
    if mean > 500:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    limit, drawn, product = math.exp(-mean), 0, 1.0
    while True:
        product *= rng.random()
        if product <= limit:
            return drawn
        drawn += 1


def negative_binomial(rng, mean, dispersion):
    if dispersion == 1.0:
        return poisson(rng, mean)
    return poisson(rng, rng.gammavariate(mean / (dispersion - 1.0), dispersion - 1.0))


def mean_of(week, level, trend, waves):
    # Of plentiful series the season swings less, and the trend is flatter.
    swing, trend = (0.6, trend) if level < 2 else (0.2, trend / 4)
    season = 0.0
    for wave in range(1, waves + 1):
        angle = 2 * math.pi * wave * week / 52
        season += swing * math.cos(angle) + swing * math.sin(angle)
    return math.exp(level + trend * week + season)


def series(rng, level, dispersion, trend, waves):
    means = [mean_of(week, level, trend, waves) for week in range(1, WEEKS + 1)]
    calm = [negative_binomial(rng, mean, dispersion) for mean in means]
    added = [0] * WEEKS
    past = sorted(rng.sample(range(PAST, WEEKS - JUDGED - 20), 4))
    judged = rng.randrange(WEEKS - JUDGED, WEEKS - 4)
    for start, sizes in [(start, [2, 3, 5, 10]) for start in past] + [(judged, [3, 5, 8, 12])]:
        size = rng.choice(sizes) * math.sqrt(dispersion * means[start])
        for _ in range(max(1, poisson(rng, size))):
            week = start + int(rng.lognormvariate(0, 0.5))
            if week < WEEKS:
                added[week] += 1
    return [(week, base + more, more) for week, (base, more) in enumerate(zip(calm, added))]


def main():
    seed, replicates, out = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    with open(out, "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["scenario", "replicate", "week", "count", "outbreak"])
        for scenario, (shape, level) in enumerate((shape, level) for shape in SHAPES for level in LEVELS):
            for replicate in range(replicates):
                rng = random.Random(f"{seed}/{scenario}/{replicate}")
                for row in series(rng, *level, *shape):
                    rows.writerow((scenario + 1, replicate, *row))


main()
