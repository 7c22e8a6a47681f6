"""Looking up names, with the system's resolver and the real reactor."""

from collections.abc import Sequence

from twisted.internet import reactor
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IHostnameResolver, IHostResolution, IResolutionReceiver
from twisted.trial.unittest import TestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from mixsvc.threads.pool import DaemonThreadPool
from mixsvc.threads.resolver import DaemonThreadResolver


@implementer(IResolutionReceiver)
class Receiver:
    """Collects addresses until there are no more."""

    def __init__(self) -> None:
        self.addresses: list[IAddress] = []
        self.name = ""
        self.complete: Deferred[list[IAddress]] = Deferred()

    def resolutionBegan(self, resolutionInProgress: IHostResolution) -> None:
        self.name = str(resolutionInProgress.name)

    def addressResolved(self, address: IAddress) -> None:
        self.addresses.append(address)

    def resolutionComplete(self) -> None:
        self.complete.callback(self.addresses)


class DaemonThreadResolverTests(TestCase):
    """With one thread."""

    def setUp(self) -> None:
        pool = DaemonThreadPool(reactor, 1, "look-up")  # type: ignore[arg-type]  # the global one has every interface
        pool.start()
        self.addCleanup(pool.stop)
        self.resolver = DaemonThreadResolver(pool)

    def resolved(self, name: str, kinds: Sequence[type[IAddress]] | None = None) -> "Deferred[list[IAddress]]":
        receiver = Receiver()
        self.resolver.resolveHostName(receiver, name, 80, kinds)
        assert receiver.name == name
        return receiver.complete

    def test_it_provides_the_interface_of_a_resolver(self) -> None:
        verifyObject(IHostnameResolver, self.resolver)

    async def test_a_name_has_addresses_with_the_port(self) -> None:
        assert IPv4Address("TCP", "127.0.0.1", 80) in await self.resolved("localhost")

    async def test_only_addresses_of_the_wanted_types_are_found(self) -> None:
        assert await self.resolved("127.0.0.1", [IPv6Address]) == []
        assert await self.resolved("127.0.0.1", [IPv4Address]) == [IPv4Address("TCP", "127.0.0.1", 80)]

    async def test_a_name_that_does_not_exist_has_no_addresses(self) -> None:
        assert await self.resolved("does-not-exist.invalid") == []

    async def test_a_name_that_is_too_long_has_no_addresses(self) -> None:
        assert await self.resolved("a" * 300) == []
