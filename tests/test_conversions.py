"""The same amount converted in every way that the service offers."""

from decimal import ROUND_HALF_EVEN, Decimal, localcontext

from hypothesis import example, given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.chat.protocol.rate_answers import answer
from mixsvc.common import commands
from mixsvc.common.currencies import decimals
from mixsvc.pages.app import create_app
from tests.pages.fakes import FakeMix
from tests.rates.known import rates
from tests.rates.samples import quote

PRICES = {
    "USD": "1.1233",
    "JPY": "175.75",
    "KWD": "0.3552",
    "CLF": "0.025431",
    "XAU": "0.00023187651",
    "IDR": "18345.91",
    "TND": "3.3987654321",
    "GBP": "0.83",
}
RATES = rates(*(quote(code, price) for code, price in PRICES.items()))
CODES = st.sampled_from(["EUR", *PRICES])

# As many digits as both the chat and the API accept.
AMOUNTS = st.one_of(
    st.decimals(min_value=Decimal("1E-12"), max_value=Decimal(10) ** 8, places=12),
    st.integers(1, 10**15 - 1).map(Decimal),
    st.sampled_from([Decimal(10) ** each for each in range(-12, 15)]),
)


class Converting(SynchronousTestCase):
    def setUp(self) -> None:
        self.client = create_app(FakeMix(RATES)).test_client()

    def by_http(self, amount: str, base: str, code: str, accept: str = "application/json") -> str:
        query = {"amount": amount, "from": base, "to": code}
        answer = self.client.get("/api/convert", query_string=query, headers={"Accept": accept})
        return str(answer.get_json()["result"]) if accept == "application/json" else answer.text.split()[2]

    def in_chat(self, amount: str, base: str, code: str) -> str:
        command = commands.parse(f"/convert {amount} {base} {code}")
        assert isinstance(command, commands.Convert)
        return answer(command, RATES).partition(" = ")[2].split()[0]

    @given(AMOUNTS, CODES, CODES)
    @example(Decimal(1_000_000), "USD", "JPY")
    @example(Decimal(5), "EUR", "KWD")
    def test_every_way_has_the_exact_result_rounded_once(self, amount: Decimal, base: str, code: str) -> None:
        text = f"{amount:f}"
        with localcontext(prec=100):
            exact = amount * Decimal(PRICES.get(code, "1")) / Decimal(PRICES.get(base, "1"))
            right = f"{exact.quantize(Decimal(1).scaleb(-decimals(code)), ROUND_HALF_EVEN):f}"

        converted = RATES.convert(amount, base, code)

        assert converted is not None
        ways = {
            f"{converted.result:f}",
            self.by_http(text, base, code),
            self.by_http(text, base, code, "text/plain"),
            self.in_chat(text, base, code),
        }
        self.assertEqual(ways, {right})
