from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from mixsvc.interfaces import IChat, IMix, IRates
from tests.pages.fakes import FakeChat, FakeMix, FakeRates


class FakesTests(SynchronousTestCase):
    def test_the_fakes_keep_to_the_interfaces(self) -> None:
        self.assertTrue(verifyObject(IMix, FakeMix()))
        self.assertTrue(verifyObject(IRates, FakeRates()))
        self.assertTrue(verifyObject(IChat, FakeChat()))
