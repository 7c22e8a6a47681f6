"""The address of the page and its history: which rooms and messages they name."""

from tests.e2e.support.played_chat import Play

BEGIN = """async (room) => {
  const { Places } = await import("/chat/src/search/places.js");
  globalThis.gone = [];
  globalThis.places = new Places((place) => gone.push(place));
  places.begin(room);
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
