"""Where what one writes on the page is said, with a chat that the test plays."""

from tests.e2e.support.played_chat import Play

FIELDS = """<form id="say-form"><p id="editing"><button id="editing-end"></button></p><ul id="completions"></ul>
<p id="offered"></p><textarea id="say"></textarea><p id="say-error"></p></form>
<dialog id="earlier"><ol id="earlier-list"></ol></dialog>"""
# Of a person who writes in one room when another one has just been opened.
WRITE = """async () => {
  const { Authoring } = await import("/chat/src/views/authoring.js");
  const said = [];
  let open = "lobby";
  const note = (what) => (room, ...all) => (said.push([what, room, ...all]), Promise.resolve());
  const chat = { refusal: () => "", say: note("say"), edit: note("edit") };
  const { composer } = new Authoring(() => chat, { room: () => ({ name: open }), self: () => ({}), said() {} });
  const field = document.querySelector("#say");
  const write = (text) => {
    field.value = text;
    field.dispatchEvent(new InputEvent("input"));
    field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
  };
  composer.open("lobby");
  open = "den";
  write("for the lobby");
  composer.edit({ number: 7, text: "before" });
  write("after");
  composer.open("den");
  write("for the den");
  return said;
}"""


def test_what_is_written_is_said_in_the_room_in_which_it_was_written_when_another_one_has_just_been_opened(
    play: Play,
) -> None:
    said = play(FIELDS).page.evaluate(WRITE)

    assert said == [["say", "lobby", "for the lobby"], ["edit", "lobby", 7, "after"], ["say", "den", "for the den"]]
