"""Words of street lines and their short forms.

Source: USPS Publication 28 appendix C1 (street suffixes) and C2 (secondary units), appendix B (directions); Canada Post
addressing guidelines section 4 for the French ones; German and Spanish short forms as DIN 5008 and Correos write them.
Date 2026-11-23; facts. Refresh from https://pe.usps.com/text/pub28/ when a new edition comes out.
"""

from __future__ import annotations

from typing import Final

_SUFFIXES = """
aly alley allee ally
ave avenue av aven avenu avn
bch beach
bldg building
blvd boulevard boul bd bvd
br branch
brg bridge
byp bypass
cir circle circ
cl close
cres crescent cr crsc
ct court
cts courts
ctr center centre cntr
cv cove
dr drive drv
ests estates
expy expressway expwy
fwy freeway
gdns gardens
grn green
grv grove gr
hbr harbor harbour
hts heights
hwy highway
jct junction
ln lane
lndg landing
mdw meadow
mnr manor
mt mount
pde parade
pkwy parkway pky prkwy
pl place platz
plz plaza
pt point
rd road
rdg ridge
rte route
sq square
st street str strt strasse
ter terrace terr tce
tpke turnpike
trl trail
vlg village
vw view
wlk walk
xing crossing
c calle
"""

STREET_TYPES: Final[dict[str, str]] = {
    word: line.split()[0] for line in reversed(_SUFFIXES.strip().splitlines()) for word in line.split()
}

DIRECTIONS: Final[dict[str, str]] = {
    "north": "n", "south": "s", "east": "e", "west": "w", "northeast": "ne", "northwest": "nw", "southeast": "se",
    "southwest": "sw", "n": "n", "s": "s", "e": "e", "w": "w", "ne": "ne", "nw": "nw", "se": "se", "sw": "sw",
}  # fmt: skip

ORDINALS: Final[dict[str, str]] = {
    "first": "1st", "second": "2nd", "third": "3rd", "fourth": "4th", "fifth": "5th", "sixth": "6th", "seventh": "7th",
    "eighth": "8th", "ninth": "9th", "tenth": "10th", "eleventh": "11th", "twelfth": "12th",
}  # fmt: skip
"""One to twelve: above that people write digits, and ``fifty first`` is not worth a guess."""

TENS: Final[frozenset[str]] = frozenset({"twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"})

BEFORE_NAMES: Final[frozenset[str]] = frozenset(
    {"avenue", "ave", "av", "boulevard", "boul", "bd", "blvd", "place", "pl", "route", "rte", "allee", "calle", "c"}
)
"""Street types that French and Spanish write between the number and the name (``12 av Foch``)."""

UNITS: Final[tuple[str, ...]] = (
    "apartment", "apt", "unit", "suite", "ste", "room", "rm", "flat", "floor", "fl", "ofc", "office", "lot", "spc",
    "trlr", "ph", "level", "lvl", "shop",
)  # fmt: skip
