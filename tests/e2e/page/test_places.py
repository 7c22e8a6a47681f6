"""The address of the page and its history: which rooms and messages they name."""

from tests.e2e.support.played_chat import Play

BEGIN = """async (room) => {
  const { Places } = await import("/chat/src/search/places.js");
  globalThis.gone = [];
  globalThis.places = new Places((place) => gone.push(place));
  places.begin(room);
}"""
PLACES = """async (addresses) => {
  const { placeOf } = await import("/chat/src/search/places.js");
  const found = addresses.map((each) => [each, placeOf(each)]);
  return Object.fromEntries(found.map(([each, place]) => [each, place && [place.room, place.number]]));
}"""
# What was done by the browser's buttons is told a little later.
GO = """async (steps) => {
  const come = new Promise((resolve) => addEventListener("hashchange", resolve, { once: true }));
  history.go(steps);
  await come;
  gone.forEach(({ room }) => places.at(room));
  return [gone.pop(), location.hash];
}"""


def test_the_browser_leads_back_to_the_room_that_one_has_come_to_first_and_on_again(play: Play) -> None:
    page = play("").page
    page.evaluate(BEGIN, "lobby")
    assert page.evaluate("location.hash") == ""
    page.evaluate("places.at('lobby')")
    page.evaluate("places.at('news')")
    page.evaluate("places.at('den')")

    ways = [page.evaluate(GO, steps) for steps in (-1, -1, 2)]

    assert [(way[0]["room"], way[1]) for way in ways] == [("news", "#news"), ("lobby", ""), ("den", "#den")]


def test_an_address_names_a_room_and_perhaps_a_message(play: Play) -> None:
    places = {
        "#lobby": ["lobby", None],
        "#lobby/": ["lobby", None],
        "#lobby/12": ["lobby", 12],
        "#lobby/0012": ["lobby", 12],
        "#z%C3%BCrich/1": ["zürich", 1],
        "#own": None,
        "#own/": ["own", None],
        "#own/3": ["own", 3],
        "#%FF/1": None,
        "": None,
        # Numbers that no message has.
        **{f"#lobby/{rest}": ["lobby", 0] for rest in ("0", "000", "1234567890123456", "-1", "1.5", "1/2", "x", "%31")},
    }

    found = play('<p id="own">').page.evaluate(PLACES, list(places))

    assert found == places
