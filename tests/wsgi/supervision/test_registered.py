"""What the application registers, as the children say."""

from twisted.trial.unittest import SynchronousTestCase

from tests.wsgi.supervision.fake_processes import Family


class RegisteredTests(SynchronousTestCase):
    def test_what_one_child_registers_later_is_known(self) -> None:
        family = Family().ready()
        self.assertEqual(frozenset(), family.views.hooks)

        family.views.process_hooks(family.made[0], frozenset({"may"}))

        self.assertEqual({"may"}, family.views.hooks)

    def test_a_child_that_leaves_has_nothing_to_say(self) -> None:
        family = Family(processes=1).ready()
        family.made[0].is_deaf = True
        family.views.reload()
        family.starting()[0].get_ready()

        family.views.process_hooks(family.made[0], frozenset({"may"}))

        self.assertEqual(frozenset(), family.views.hooks)
