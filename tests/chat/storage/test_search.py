"""Search and its index, in each kind of database."""

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from mixsvc.chat.model.acts import Deletion, Oblivion
from mixsvc.chat.storage import searching
from mixsvc.chat.storage.indexing import TEXTS_AT_ONCE, index_slice
from mixsvc.chat.storage.records import Age, AuditEntry, Correction, Draft, StorageLimits
from mixsvc.chat.storage.searching import SearchPart, SearchQuery, find
from mixsvc.chat.storage.sqlite import searching as sqlite_searching
from mixsvc.common.names import fold_text
from tests.chat.fakes import NOW
from tests.stores import OnPostgres, OnSqlite, PostgresTables, SqliteTables, Tables, TablesCase, empty

PLENTY = StorageLimits(keep=100_000, page_bytes=1_000_000)
ENTRY = AuditEntry(0, NOW, "Mia", "delete", "lobby", "1", "")
# Longer than the real clock is behind NOW or ahead of it.
LONG = 1e9


def say(tables: Tables, *texts: str, room: str = "lobby", limits: StorageLimits = PLENTY) -> None:
    tables.insert([Draft(room, "Ann", text, NOW, None, "", "ann") for text in texts], limits)


def part(
    tables: Tables, text: str, before: Mapping[str, int | None], limit: int = 20, limits: StorageLimits = PLENTY
) -> SearchPart:
    query = SearchQuery(fold_text(text).split(), before, limit)
    return tables.run(lambda cursor: find(tables.store.search, cursor, query, limits))


def search(tables: Tables, text: str, *rooms: str, limit: int = 20, limits: StorageLimits = PLENTY) -> list[str]:
    """Everything that is found, as room and number, call by call."""
    found: list[str] = []
    before: Mapping[str, int | None] = dict.fromkeys(rooms or ("lobby",))
    while before:
        got = part(tables, text, before, limit, limits)
        found += [f"{each.room} {each.message.number}" for each in got.found]
        before = got.before
    return found


def index(tables: Tables) -> None:
    """Let the index have everything."""
    while tables.run(lambda cursor: index_slice(tables.store.index, cursor)):
        pass


class SearchCase(TablesCase):
    def say(self, *texts: str, room: str = "lobby", limits: StorageLimits = PLENTY) -> None:
        say(self.tables, *texts, room=room, limits=limits)

    def search(self, text: str, *rooms: str, limit: int = 20, limits: StorageLimits = PLENTY) -> list[str]:
        return search(self.tables, text, *rooms, limit=limit, limits=limits)

    def both(self, text: str, *rooms: str) -> list[str]:
        """What is found without the index and with it."""
        found = self.search(text, *rooms)
        index(self.tables)
        self.assertEqual(found, self.search(text, *rooms))
        return found

    def edit(self, number: int, text: str) -> None:
        correction = Correction("lobby", number, "ann", LONG, NOW)
        self.run_in(self.tables.store.corrections.edit, correction, text)

    def delete(self, number: int) -> None:
        self.run_in(self.tables.store.sanctions.delete_message, Deletion("lobby", number, "Mia", ""), ENTRY)

    def indexed(self) -> int:
        """How many texts the index has."""
        ((count,),) = self.tables.execute("SELECT count(*) FROM search_text")
        return int(count)


class WordsContract(SearchCase):
    def test_all_words_must_be_there_as_parts_of_others_and_in_any_order(self) -> None:
        self.say("The quick brown fox", "a fox, quickly", "quick", "firefox quickens")

        self.assertEqual(["lobby 4", "lobby 2", "lobby 1"], self.both("fox QUICK"))

    def test_what_people_write_is_never_syntax(self) -> None:
        odd = ["foo-bar", "c++", "it's", '"', "*", "3.14", "\U0001f98a", "%", "_", "a\\b", "NEAR(a b)", "-x", "(", "^a"]
        odd += ['say "AND" now', "text:1", "';DROP", "שלום", "{a b}", "x AND y OR NOT z"]
        self.say("nothing", *odd)

        for place, text in enumerate(odd):
            with self.subTest(text):
                self.assertIn(f"lobby {place + 2}", self.search(text))
                self.assertNotIn("lobby 1", self.search(text))
        found = [self.search(text) for text in odd]
        index(self.tables)
        self.assertEqual(found, [self.search(text) for text in odd])

    def test_case_width_and_composition_do_not_count(self) -> None:
        self.say("STRASSE", "straße", "ÜBER", "uber", "u\u0308ber", "ｆｕｌｌ", "ΑΣ", "İx")

        self.assertEqual(["lobby 2", "lobby 1"], self.both("straSSe"))
        self.assertEqual(["lobby 5", "lobby 3"], self.both("über"))
        self.assertEqual(["lobby 6"], self.both("FULL"))
        self.assertEqual(["lobby 7"], self.both("ας"))

    def test_short_words_are_found_too(self) -> None:
        self.say("ab", "b a", "x", "日本")

        self.assertEqual(["lobby 2", "lobby 1"], self.both("a"))
        self.assertEqual(["lobby 1"], self.both("ab"))
        self.assertEqual(["lobby 4"], self.both("日"))
        self.assertEqual([], self.both("abc"))

    def test_a_long_word_and_a_text_of_many_marks_are_found(self) -> None:
        self.say("x" * 1900, "a" + "\u0301" * 1500 + " end")

        self.assertEqual(["lobby 1"], self.both("x" * 1500))
        self.assertEqual(["lobby 2"], self.both("end"))


class RoomsContract(SearchCase):
    def test_only_the_rooms_that_are_asked_for_are_searched(self) -> None:
        self.say("one fox", room="lobby")
        self.say("two foxes", room="den")
        self.say("three foxes", room="Ärger")

        self.assertEqual(["den 1"], self.both("fox", "den"))
        self.assertEqual({"den 1", "lobby 1"}, {*self.both("fox", "lobby", "den", "nowhere")})

    def test_the_newest_of_all_rooms_come_first_page_by_page(self) -> None:
        for number in range(1, 8):
            room = ("lobby", "den")[number % 2]
            self.tables.insert([Draft(room, "Ann", f"fox {number}", NOW + number, None)], PLENTY)

        for limit in (1, 2, 3, 7, 20):
            found = self.search("fox", "lobby", "den", limit=limit)
            self.assertEqual(["den 4", "lobby 3", "den 3", "lobby 2", "den 2", "lobby 1", "den 1"], found)
            index(self.tables)

    def test_a_page_is_no_longer_than_the_others_and_has_one_message_at_least(self) -> None:
        self.say(*["fox " * 50] * 5)
        limits = replace(PLENTY, page_bytes=10)

        self.assertEqual(1, len(part(self.tables, "fox", {"lobby": None}, limits=limits).found))
        self.assertEqual([f"lobby {each}" for each in (5, 4, 3, 2, 1)], self.search("fox", limits=limits))

    def test_a_call_reads_a_part_and_the_next_ones_find_the_rest(self) -> None:
        self.say("needle", *["hay"] * 4500)

        first = part(self.tables, "needle", {"lobby": None})

        self.assertEqual(((), True), (tuple(first.found), 2000 < first.before["lobby"] < 4500))
        self.assertEqual(["lobby 1"], self.search("needle"))

    def test_a_call_reads_a_part_of_the_index_too_if_a_word_is_too_short_for_it(self) -> None:
        self.patch(searching, "NUMBERS_AT_ONCE", 5)
        self.say("a fox", *["fox"] * 40)
        index(self.tables)

        first = part(self.tables, "fox a", {"lobby": None})

        self.assertEqual(((), True), (tuple(first.found), 10 < first.before["lobby"] < 40))
        self.assertEqual(["lobby 1"], self.search("fox a"))

    def test_a_call_reads_fewer_texts_for_many_short_words(self) -> None:
        self.patch(searching, "NUMBERS_AT_ONCE", 20)
        self.say("a b c d", *["b c d"] * 40)
        index(self.tables)

        first = part(self.tables, "d c b a", {"lobby": None})

        self.assertEqual(((), 22), (tuple(first.found), first.before["lobby"]))
        self.assertEqual(["lobby 1"], self.search("d c b a"))

    def test_what_is_to_be_pruned_is_not_found(self) -> None:
        self.say(*["fox"] * 10)

        self.assertEqual(["lobby 10", "lobby 9"], self.search("fox", limits=replace(PLENTY, keep=2)))
        index(self.tables)
        self.assertEqual(["lobby 10", "lobby 9"], self.search("fox", limits=replace(PLENTY, keep=2)))


class IndexContract(SearchCase):
    def test_an_older_history_is_indexed_from_the_newest_message_on_and_found_meanwhile(self) -> None:
        self.say(*[f"fox {number}" for number in range(3 * TEXTS_AT_ONCE)])
        expected = self.search("fox", limit=1000)

        for _ in range(2):
            self.run_in(lambda cursor: index_slice(self.tables.store.index, cursor))
        self.say("fox meanwhile")
        found = self.search("fox", limit=1000)
        self.assertEqual(TEXTS_AT_ONCE, self.indexed())
        index(self.tables)

        self.assertEqual([f"lobby {3 * TEXTS_AT_ONCE + 1}", *expected], found)
        self.assertEqual(found, self.search("fox", limit=1000))
        self.assertEqual(3 * TEXTS_AT_ONCE + 1, self.indexed())
        self.assertFalse(self.run_in(lambda cursor: index_slice(self.tables.store.index, cursor)))

    def test_an_edited_text_is_found_at_once_and_the_one_before_not_any_more(self) -> None:
        self.say("old fox", "other fox")
        index(self.tables)

        self.edit(1, "new wolf")

        for _ in range(2):
            self.assertEqual(["lobby 1"], self.search("wolf"))
            self.assertEqual([], self.search("old"))
            self.assertEqual(["lobby 2"], self.search("fox"))
            index(self.tables)
        self.assertEqual([], self.tables.execute("SELECT * FROM search_stale"))

    def test_a_deleted_text_is_gone_at_once_and_leaves_the_index(self) -> None:
        self.say("secret fox", "fox")
        index(self.tables)

        self.delete(1)

        self.assertEqual([], self.search("secret"))
        self.assertEqual(["lobby 2"], self.search("fox"))
        index(self.tables)
        self.assertEqual(1, self.indexed())

    def test_old_messages_and_forgotten_rooms_leave_the_index(self) -> None:
        self.say(*["fox"] * 450)
        self.say("fox", room="den")
        index(self.tables)

        self.say("fox", limits=replace(PLENTY, keep=10))
        self.run_in(self.tables.store.messages.expire, "den", Age(NOW + 2, NOW + 1))
        self.run_in(self.tables.store.messages.forget, Oblivion("den"))
        index(self.tables)

        self.assertEqual(10, self.indexed())
        self.assertEqual([("lobby",)], self.tables.execute("SELECT name FROM search_room"))
        self.assertEqual([f"lobby {number}" for number in range(451, 441, -1)], self.search("fox", "lobby", "den"))
        self.say("wolf", room="den")
        index(self.tables)
        self.assertEqual(["den 2"], self.search("wolf", "den"))

    def test_long_texts_take_slices_of_their_own(self) -> None:
        self.say(*[f"{number} {'fox ' * 4000}" for number in range(5)])

        for expected in (0, 1, 2, 3, 4, 5):
            self.run_in(lambda cursor: index_slice(self.tables.store.index, cursor))
            self.assertEqual(expected, self.indexed())


class WordsOnSqliteTests(WordsContract, OnSqlite):
    __test__ = True


class RoomsOnSqliteTests(RoomsContract, OnSqlite):
    __test__ = True


class IndexOnSqliteTests(IndexContract, OnSqlite):
    __test__ = True


class TrigramsOnSqliteTests(SearchCase, OnSqlite):
    __test__ = True

    def test_a_call_compares_a_part_of_the_texts_that_have_only_the_trigrams_of_a_word(self) -> None:
        self.patch(sqlite_searching, "TEXTS_AT_ONCE", 1)
        looks = searching.MOST_ROWS // searching.LOOK
        self.say("abcd", *["abc bcd"] * (looks + 5))
        index(self.tables)

        first = part(self.tables, "abcd", {"lobby": None})

        self.assertEqual(((), {"lobby": 7}), (tuple(first.found), first.before))
        self.assertEqual(["lobby 1"], self.search("abcd"))

    def test_a_word_of_more_trigrams_than_are_looked_for_is_found(self) -> None:
        word = "".join(map(chr, range(0x4E00, 0x4EC8)))
        self.say(word, word[:100], f"{word[:100]} {word[100:]}", f"x{word}x")
        index(self.tables)

        self.assertEqual(["lobby 4", "lobby 1"], self.search(word))


class WordsOnPostgresTests(WordsContract, OnPostgres):
    __test__ = True


class RoomsOnPostgresTests(RoomsContract, OnPostgres):
    __test__ = True


class IndexOnPostgresTests(IndexContract, OnPostgres):
    __test__ = True


# Few letters, so that many texts have many words; some have another case, are composed, or mean something in SQL.
LETTERS = st.text(st.sampled_from('aAbßsÜu\u0308 %_"\\*\U0001f98a日'), min_size=1, max_size=9)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["say", "edit", "delete", "prune", "index", "search"]),
        LETTERS,
        st.integers(1, 12),
        st.sampled_from(["lobby", "den"]),
    ),
    max_size=25,
)


class Walker:
    """Does the same with one kind of database as another walker with another one."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables

    def step(self, kind: str, text: str, number: int, room: str) -> object:
        store, run = self.tables.store, self.tables.run
        if kind == "say":
            say(self.tables, *[text] * (number // 4 + 1), room=room)
        elif kind == "edit":
            run(store.corrections.edit, Correction(room, number, "ann", LONG, NOW), text)
        elif kind == "delete":
            run(store.sanctions.delete_message, Deletion(room, number, "Mia", ""), ENTRY)
        elif kind == "prune":
            say(self.tables, text, room=room, limits=replace(PLENTY, keep=number))
        elif kind == "index":
            for _ in range(number):
                run(lambda cursor: index_slice(store.index, cursor))
        elif text.strip():
            found = search(self.tables, text, "lobby", "den", limit=number)
            assert sorted(found) == sorted(self.having(text)), text
            return found
        return None

    def having(self, text: str) -> list[str]:
        """The messages that have the words, by looking at each."""
        rows = self.tables.execute("SELECT room, number, text FROM message WHERE text <> ''")
        words = fold_text(text).split()
        return [f"{room} {number}" for room, number, each in rows if all(word in fold_text(each) for word in words)]


def test_both_kinds_of_database_find_the_same_and_all_that_has_the_words(
    empty_postgres_tables: PostgresTables,
) -> None:
    @hypothesis_settings(max_examples=40, deadline=None)
    @given(STEPS)
    def check(steps: list[tuple[str, str, int, str]]) -> None:
        sqlite = SqliteTables()
        empty_postgres_tables.run(empty)
        both = [Walker(sqlite), Walker(empty_postgres_tables)]
        for step in [*steps, ("index", "x", 12, ""), *steps[:3]]:
            found = [each.step(*step) for each in both]
            assert found[0] == found[1], step
        sqlite.connection.close()

    check()


class TrigramTests(OnPostgres):
    __test__ = True

    def test_without_the_extension_all_is_found_as_with_it(self) -> None:
        run = self.tables.run
        self.assertEqual("", run(self.tables.store.index.prepare))
        self.tables.execute("DROP INDEX search_text_trigrams")
        say(self.tables, *[f"fox {number}" for number in range(30)], "wolf", "a fox")
        index(self.tables)

        self.assertEqual(["lobby 31"], search(self.tables, "wolf"))
        self.assertEqual(31, len(search(self.tables, "fox", limit=4)))

    def test_the_index_is_made_later_and_the_texts_are_written_anew(self) -> None:
        say(self.tables, "fox")
        index(self.tables)
        self.tables.execute("DROP INDEX search_text_trigrams")

        self.assertEqual("", self.tables.run(self.tables.store.index.prepare))

        self.assertEqual([(True, 0)], self.tables.execute("SELECT has_search_index(), count(*) FROM search_text"))
        self.assertEqual(["lobby 1"], search(self.tables, "fox"))
        index(self.tables)
        self.assertEqual(["lobby 1"], search(self.tables, "fox"))

    def test_a_role_that_may_not_make_the_extension_is_told_why(self) -> None:
        self.tables.execute("DROP EXTENSION pg_trgm CASCADE")
        self.tables.execute("CREATE ROLE poor")
        self.tables.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO poor")
        self.tables.execute("SET ROLE poor")

        why = self.tables.run(self.tables.store.index.prepare)
        self.tables.execute("RESET ROLE")

        self.assertIn("permission denied", why)
        self.assertEqual("", self.tables.run(self.tables.store.index.prepare))
        self.tables.execute("DROP OWNED BY poor")
        self.tables.execute("DROP ROLE poor")

    def test_a_text_that_changes_while_it_is_written_is_written_again(self) -> None:
        store = self.tables.store
        say(self.tables, "fox")
        index(self.tables)
        correction = Correction("lobby", 1, "ann", LONG, NOW)
        self.tables.run(store.corrections.edit, correction, "wolf")
        read = self.tables.run(store.index.read_stale, 10)
        self.tables.run(store.corrections.edit, correction, "bear")

        self.tables.run(store.index.write, read)

        self.assertEqual(["lobby 1"], search(self.tables, "bear"))
        self.assertEqual(1, len(self.tables.run(store.index.read_stale, 10)))
        index(self.tables)
        self.assertEqual([("bear",)], self.tables.execute("SELECT text FROM search_text"))
