"""Tokens tell messages apart that could have the same number."""

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.chat.model.epochs import gone_token, new_epoch, token, token_number
from mixsvc.interfaces import ChatMessage
from tests.chat.fakes import NOW

MESSAGE = ChatMessage(20, "Ann", "hi", NOW)


class TokenTests(SynchronousTestCase):
    def test_a_token_is_the_same_each_time_and_after_the_text_is_deleted(self) -> None:
        deleted = replace(MESSAGE, text="", is_deleted=True)

        self.assertEqual(token("e", "lobby", MESSAGE), token("e", "lobby", deleted))

    def test_another_message_of_the_same_number_has_another_token(self) -> None:
        others = [replace(MESSAGE, said_at=NOW + 1e-6), replace(MESSAGE, name="Bob"), replace(MESSAGE, number=21)]
        tokens = {token("e", "lobby", each) for each in (MESSAGE, *others)}
        tokens |= {token("f", "lobby", MESSAGE), token("e", "den", MESSAGE), gone_token(20)}

        self.assertEqual(7, len(tokens))

    def test_a_token_says_its_number(self) -> None:
        self.assertEqual([20, 7], [token_number(token("e", "lobby", MESSAGE)), token_number(gone_token(7))])

    def test_other_texts_are_no_tokens(self) -> None:
        for text in ("", ".", "x.y", "20", "-1.f", "1e3.f", "\u0663.f", "9" * 17 + ".f", " 1.f"):
            self.assertIsNone(token_number(text), text)

    def test_each_epoch_is_new(self) -> None:
        self.assertNotEqual(new_epoch(), new_epoch())

    def test_any_name_of_a_database_has_a_token(self) -> None:
        self.assertTrue(token("e", "lobby", replace(MESSAGE, name="\ud800")))
