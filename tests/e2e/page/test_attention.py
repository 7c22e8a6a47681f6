"""Who is away is called back, with a chat that the test plays."""

from tests.e2e.support.played_chat import Play

ICON = '<link id="icon" href="/icon.svg" data-unread="/icon-unread.svg">'
# Of a browser that shows nothing, and of a window in front of which another one is.
HEAR = """async (rooms) => {
  const { Attention } = await import("/chat/src/views/attention.js");
  const shown = [];
  globalThis.Notification = class {
    static permission = "granted";
    constructor(title, { body }) { shown.push([title, body]); }
  };
  document.hasFocus = () => false;
  const attention = new Attention(true, () => {}, () => {});
  for (const [number, name] of rooms.entries()) {
    attention.heard({ name, read: -1 }, { number, name: "Bob", text: `text ${number}` }, () => {});
    await new Promise((done) => setTimeout(done, 20));
  }
  await new Promise((done) => setTimeout(done, 600));
  return shown;
}"""


def test_who_was_called_to_one_room_a_moment_ago_is_called_to_another_and_not_again_to_the_same(play: Play) -> None:
    shown = play(ICON).page.evaluate(HEAR, ["lobby", "den", "lobby"])

    assert shown == [["Bob in lobby", "text 0"], ["Bob in den", "text 1"]]
