"""The shared input of the correlation benchmarks: one report a row, `timestamp_ms,indicator,country,type`, over seven days.

usage: input.py ROWS SEED EXPONENT FILE

Indicators follow Zipf's law with the exponent given over a million possible values; countries and types have random weights; timestamps
rise strictly. With 1,000,000 rows, seed 7 and exponent 1.1 these are the rows that every engine's checksums are known for, so the order in
which the random numbers are drawn must not change.
"""

import bisect
import itertools
import random
import sys

POSSIBLE = 1_000_000
WEEK_MS = 7 * 24 * 3600 * 1000
START_MS = 1_700_000_000_000
COUNTRIES = "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE".split()
TYPES = "phish ransom bec ddos skim malware intrusion fraud csam botnet leak scam".split()
# Multiplying by an odd number modulo 2**32 gives each rank another name, in no order.
SCATTER = 2_654_435_761


def rows(count, seed, exponent):
    source = random.Random(seed)
    cumulated = list(itertools.accumulate(rank**-exponent for rank in range(1, POSSIBLE + 1)))
    step = WEEK_MS // count
    country_weights = [source.random() + 0.1 for _ in COUNTRIES]
    type_weights = [source.random() + 0.1 for _ in TYPES]
    countries = source.choices(COUNTRIES, country_weights, k=count)
    types = source.choices(TYPES, type_weights, k=count)
    for place, (country, kind) in enumerate(zip(countries, types)):
        rank = bisect.bisect_left(cumulated, source.random() * cumulated[-1])
        time = START_MS + place * step + source.randrange(step)
        yield f"{time},host{rank * SCATTER % 2**32:08x}.example.eu,{country},{kind}\n"


def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    count, seed, exponent = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    with open(sys.argv[4], "w", encoding="ascii") as file:
        file.writelines(rows(count, seed, exponent))


if __name__ == "__main__":
    main()
