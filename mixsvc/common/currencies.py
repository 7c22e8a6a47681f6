"""Currency codes (ISO 4217): their form, their decimals, and the sentence about an unknown one. Pure."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Final

from mixsvc.common.text import did_you_mean

__all__ = [
    "CODE",
    "EURO",
    "ISO_4217",
    "decimals",
    "is_currency",
    "no_longer_quoted",
    "parse_currency",
    "unknown_currency",
]

# The European Central Bank publishes all its prices for one euro.
EURO: Final = "EUR"

# A pattern for a code as people write it, in capitals or not.
CODE: Final = "[A-Za-z]{3}"

# ISO 4217, list one: what is money at present, and metals.
ISO_4217: Final = frozenset(
    """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP
    CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR
    ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT
    MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD
    SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES
    VND VUV WST XAF XAG XAU XCD XCG XDR XOF XPD XPF XPT YER ZAR ZMW ZWG
    """.split()
)

# ISO 4217, list one and, for what is no longer money, list three; every other currency has two.
_DECIMALS: Final = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF TRL UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
    # Metals and the IMF's unit have no minor unit; two decimals of an ounce of gold would be 20 euro and more.
    6: "XAG XAU XDR XPD XPT XSU XUA",
}
_DECIMALS_OF: Final = {code: count for count, codes in _DECIMALS.items() for code in codes.split()}


def is_currency(code: str) -> bool:
    """Whether a text has the form of a code: three capital letters of ASCII."""
    return re.fullmatch("[A-Z]{3}", code) is not None


def parse_currency(text: str) -> str:
    """Returns the code, in capitals, that a person wrote in capitals or not. Raises ValueError."""
    if not re.fullmatch(CODE, text):
        raise ValueError(f"give the three letters of a currency, such as {EURO}")
    return text.upper()


def decimals(code: str) -> int:
    """Returns how many decimals amounts of a currency have: 2 for EUR, 0 for JPY, 3 for KWD."""
    return _DECIMALS_OF.get(code, 2)


def unknown_currency(shown: str, near: Sequence[str]) -> str:
    """Returns the sentence for a person who asks for a currency that has no quotes.

    shown: the code, in quotes or not. near: the known codes that look like it (text.similar).
    """
    return f"{shown} is not a currency known here{did_you_mean(near) or '.'}"


def no_longer_quoted(code: str, last: date) -> str:
    """Returns the sentence for a person who asks for the latest quote of a currency that has only quotes of the past.

    last: the date of its last quote.
    """
    return f"{code} is no longer quoted; its last quote is of {last.isoformat()}."
