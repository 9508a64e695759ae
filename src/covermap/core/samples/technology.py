"""Technologies and operators as testers write them, to the names used here.

Both are decided per distinct spelling, so the cost does not grow with the number of rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from covermap.tables import NO_TECHNOLOGY, TECHNOLOGIES

Codes = NDArray[np.int8]

CODES = {name: code for code, name in enumerate((*TECHNOLOGIES, NO_TECHNOLOGY))}
"""Technology -> small number, for kernels."""
NAMES = np.array((*TECHNOLOGIES, NO_TECHNOLOGY))
"""The names by code."""
NO_SERVICE = CODES[NO_TECHNOLOGY]
BLANK = -1
"""Code of a row that names no technology."""
UNKNOWN = -2
"""Code of a row that names one which this product does not know."""

_SPELLINGS = {
    "gsm": "2G GSM GPRS EDGE EGPRS GERAN",
    "umts": "3G UMTS WCDMA TDSCDMA HSDPA HSUPA HSPA HSPA+ HSPAP HSPAPLUS DCHSPA DCHSPA+ UTRAN",
    "lte": "4G LTE LTEA LTEADVANCED LTE+ 4G+ LTECA LTEFDD LTETDD TDLTE EUTRAN LTEM EMTC CATM1",
    "nr": "5G NR NRNSA NRSA 5GNSA 5GSA ENDC NRTDD NRFDD 5GNR LTENR 5G+ NRADV",
    "nbiot": "NBIOT CATNB CATNB1 CATNB2 NB1 NB2 LTENB",
    "redcap": "REDCAP NRREDCAP 5GREDCAP",
    NO_TECHNOLOGY: "-- NONE NOSERVICE NOCOVERAGE OUTOFSERVICE NOSIGNAL NONETWORK",
}
_KNOWN = {word: name for name, words in _SPELLINGS.items() for word in words.split()}
_BLANKS = frozenset({"", "-", "N/A", "NA", "NULL", "NAN", "UNKNOWN", "?"})


def technology_codes(written: pa.Array | pa.ChunkedArray) -> Codes:
    """Code of each technology as written.

    Letter case, spaces, hyphens, underscores and dots do not matter: ``NB-IoT``, ``5G NSA``.
    Names of 3GPP systems and of their modes as phones show them (TS 22.101, Android's network
    types). CDMA2000 is not a 3GPP system and stays unknown.

    Returns
    -------
    array of int8
        Code as in `CODES`; `BLANK` for null or a placeholder; `UNKNOWN` for anything else.

    Examples
    --------
    >>> NAMES[technology_codes(pa.array(["Lte", "HSPA+", "NB-IoT", "--"]))].tolist()
    ['lte', 'umts', 'nbiot', 'none']
    >>> technology_codes(pa.array([None, "EVDO"])).tolist()
    [-1, -2]
    """
    return _per_spelling(written, _technology_code, BLANK).astype(np.int8)


def _technology_code(text: str) -> int:
    word = text.strip().upper()
    if word not in _KNOWN:
        word = re.sub(r"[\s_.\-]", "", word) or "-"
    if word in _KNOWN:
        return CODES[_KNOWN[word]]
    return BLANK if word in _BLANKS else UNKNOWN


def _per_spelling(
    written: pa.Array | pa.ChunkedArray, decide: Callable[[str], int], null: int
) -> NDArray[np.int64]:
    """Decide each distinct text once and spread the answer over the rows."""
    encoded, words = _encode(written)
    answers = np.array([*(decide(w) for w in words), null], dtype=np.int64)
    return answers[encoded]


def _encode(written: pa.Array | pa.ChunkedArray) -> tuple[NDArray[np.int64], list[str]]:
    """Index of each row's text in the list of distinct texts; -1 where null."""
    if isinstance(written, pa.ChunkedArray):
        written = written.combine_chunks()
    coded = written.dictionary_encode()
    index = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    return index, [str(w) for w in coded.dictionary.to_pylist()]


_PLMN = re.compile(r"(\d{3})[\s\-_/]?(\d{1,3})")
_NO_NAME = frozenset(
    {"", "-", "--", "N/A", "NA", "NULL", "NAN", "UNKNOWN", "?"}
    | {"NO_COVERAGE", "NO COVERAGE", "NO SERVICE", "NOSERVICE", "NONE", "OUT OF SERVICE"}
)


def operator_name(text: str, aliases: Mapping[str, str]) -> str | None:
    """Operator's name here, for one as written; None: it names none; '' : it is junk.

    A PLMN identity (ITU-T E.212: three digits of country, two or three of network) is written as
    its digits; a network code of one digit is the number without its leading zero. Aliases are
    looked up for the text as written and again for the digits. Digits that can be no PLMN
    (country codes begin with 2-7, or are 001 and 901) are junk. Other text is a name and stays.

    Examples
    --------
    >>> operator_name("272-03", {}), operator_name("2621", {}), operator_name("Yas", {})
    ('27203', '26201', 'Yas')
    >>> operator_name("B", {"B": "27299"}), operator_name("0", {}), operator_name("--", {})
    ('27299', '', None)
    """
    word = text.strip()
    if word in aliases:
        return aliases[word]
    if word.upper() in _NO_NAME:
        return None
    match = _PLMN.fullmatch(word)
    if match is None:
        return "" if re.fullmatch(r"[\d\s.\-+]+", word) else word
    country, network = match.groups()
    if country[0] not in "234567" and country not in ("001", "901"):
        return ""
    plmn = country + network.zfill(2)
    return aliases.get(plmn, plmn)


def operators(
    written: pa.Array | pa.ChunkedArray, aliases: Mapping[str, str]
) -> tuple[NDArray[np.int64], list[str]]:
    """Operators of rows: index into the sorted list of names.

    Returns
    -------
    index : array of int64
        Position in `names`; -1: the row names none; -2: junk digits.
    names : list of str
        Distinct names, sorted.

    Examples
    --------
    >>> index, names = operators(pa.array(["60801", None, "0", "608 01"]), {})
    >>> index.tolist(), names
    ([0, -1, -2, 0], ['60801'])
    """
    encoded, words = _encode(written)
    answers = [operator_name(w, aliases) for w in words]
    names = sorted({a for a in answers if a})
    place = {name: i for i, name in enumerate(names)}
    codes = [-1 if a is None else -2 if a == "" else place[a] for a in answers]
    return np.array([*codes, -1], dtype=np.int64)[encoded], names


def majority(index: NDArray[np.int64], run: NDArray[np.int64], runs: int) -> NDArray[np.int64]:
    """Operator of more than half of the rows of each run that name one; -1 where there is none.

    Parameters
    ----------
    index : array of int64
        Operator of each row, negative where not named.
    run : array of int64
        Run of each row, 0 <= run < runs.

    Examples
    --------
    >>> majority(np.array([1, 0, 1, -1]), np.array([0, 0, 0, 1]), 2).tolist()
    [1, -1]
    """
    named = index >= 0
    kinds = int(index.max(initial=-1)) + 1
    if kinds == 0:
        return np.full(runs, -1, dtype=np.int64)
    counts = np.bincount(run[named] * kinds + index[named], minlength=runs * kinds)
    table = counts.reshape(runs, kinds)
    best: NDArray[np.int64] = table.argmax(axis=1)
    return np.where(2 * table.max(axis=1) > table.sum(axis=1), best, -1)
