"""Tokens tell messages apart that could have the same number."""

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.chat.model.epochs import gone_token, new_mark, token, token_number


class TokenTests(SynchronousTestCase):
    def test_messages_of_the_same_number_have_different_tokens(self) -> None:
        tokens = {token(20, 0), token(20, None), token(20, 7), token(21, 7), gone_token(20)}

        self.assertEqual(5, len(tokens))

    def test_a_token_says_its_number(self) -> None:
        texts = (token(20, 2**48 - 1), token(5, None), gone_token(7))

        self.assertEqual([20, 5, 7], [token_number(text) for text in texts])

    def test_other_texts_are_no_tokens(self) -> None:
        for text in ("", ".", "x.y", "20", "-1.f", "1e3.f", "\u0663.f", "9" * 17 + ".f", " 1.f"):
            self.assertIsNone(token_number(text), text)

    def test_each_mark_is_new(self) -> None:
        self.assertNotEqual(new_mark(), new_mark())
