// @ts-check
/** What the widget says, by language. A page adds or changes languages: `texts.fr = {...}`. */

/** @typedef {Record<keyof typeof ENGLISH, string>} Texts  {0}, {1} stand for what is put in: in a refusal, its text */

const ENGLISH = {
  chat: "Chat {0}",
  connecting: "Connecting …",
  offline: "Offline, next try in {0} s",
  people: "{0} here",
  peopleTitle: "People",
  older: "Earlier messages",
  newest: "New messages",
  newestCalls: "New messages: {0}, for you: {1}",
  message: "Your message",
  placeholder: "Say something",
  send: "Send",
  name: "Your name",
  enter: "Enter",
  useName: "Be {0}",
  retry: "Try again",
  discard: "Discard",
  waiting: "waits to be sent",
  deleted: "deleted",
  edited: "edited",
  edit: "Edit",
  delete: "Delete",
  deleteIt: "Delete “{0}” for everyone?",
  cancel: "Cancel",
  editing: "You are editing a message",
  noText: "A message has a text; to take it away, delete it in its menu.",
  menu: "Menu of message {0}",
  suggestions: "Suggestions",
  offered: "Suggestions: {0}",
  search: "Search",
  searchWords: "Words, or parts of words",
  searchFurther: "Search further",
  searching: "Searching …",
  found: "Messages: {0}",
  foundSoFar: "Messages so far: {0}",
  nothingFound: "Nothing was found.",
  gone: "This message is not kept any more.",
  earlierTexts: "Earlier texts",
  close: "Close",
  notPossible: "That is not possible now. Try again a little later.",
  notLoaded: "This cannot be loaded now. Load the page again when you are online.",
  topicSet: "{0} set the topic: {1}",
  topicGone: "{0} removed the topic",
  putOut: "{0} removed you from this room.",
  putOutWhy: "{0} removed you from this room: {1}",
  joinAgain: "Join again",
  renamed: "Somebody else is {0} now; you are {1}.",
  loggedOut: "You have logged out.",
  notLoggedIn: "Log in to take part.",
  noToken: "It could not be found out who you are. The chat tries again.",
  bad_name: "This name cannot be used.",
  name_taken: "This name is taken.",
  no_such_room: "There is no room of this name.",
  bad_room: "There is no room of this name.",
  not_allowed: "You may not be in this room.",
  no_such_message: "This message is gone.",
  notChanged: "You may not change this message, or not any more.",
  mayNot: "You may not do this here.",
  tooLong: "This is too long by {0} characters.",
  not_taken: "Wait until the messages before this one are sent.",
  not_inside: "Join the room before you say something there.",
  no_name: "Enter the chat first.",
  lost: "There is no connection now. Try again when you are online.",
  // What the server says has more in it.
  muted: "{0}",
  bad_command: "{0}",
  bad_text: "{0}",
  not_saved: "{0}",
  busy: "{0}",
  slow_down: "{0}",
  banned: "You are banned until {0}. If that is a mistake, write to those who run this site.",
};

/** @type {Texts} */
const GERMAN = {
  chat: "Chat {0}",
  connecting: "Verbindung wird aufgebaut …",
  offline: "Keine Verbindung, nächster Versuch in {0} s",
  people: "{0} hier",
  peopleTitle: "Personen",
  older: "Frühere Nachrichten",
  newest: "Neue Nachrichten",
  newestCalls: "Neue Nachrichten: {0}, an dich: {1}",
  message: "Deine Nachricht",
  placeholder: "Schreib etwas",
  send: "Senden",
  name: "Dein Name",
  enter: "Eintreten",
  useName: "{0} nehmen",
  retry: "Noch einmal",
  discard: "Verwerfen",
  waiting: "wird noch gesendet",
  deleted: "gelöscht",
  edited: "bearbeitet",
  edit: "Bearbeiten",
  delete: "Löschen",
  deleteIt: "„{0}“ für alle löschen?",
  cancel: "Abbrechen",
  editing: "Du bearbeitest eine Nachricht",
  noText: "Eine Nachricht hat einen Text; weg geht sie mit „Löschen“ in ihrem Menü.",
  menu: "Menü der Nachricht {0}",
  suggestions: "Vorschläge",
  offered: "Vorschläge: {0}",
  search: "Suchen",
  searchWords: "Wörter oder Teile von Wörtern",
  searchFurther: "Weiter suchen",
  searching: "Wird gesucht …",
  found: "Nachrichten: {0}",
  foundSoFar: "Nachrichten bis jetzt: {0}",
  nothingFound: "Nichts gefunden.",
  gone: "Diese Nachricht ist nicht mehr da.",
  earlierTexts: "Frühere Texte",
  close: "Schließen",
  notPossible: "Das geht gerade nicht. Versuch es etwas später noch einmal.",
  notLoaded: "Das lässt sich gerade nicht laden. Lade die Seite neu, wenn du online bist.",
  topicSet: "{0} hat das Thema gesetzt: {1}",
  topicGone: "{0} hat das Thema entfernt",
  putOut: "{0} hat dich aus diesem Raum entfernt.",
  putOutWhy: "{0} hat dich aus diesem Raum entfernt: {1}",
  joinAgain: "Wieder eintreten",
  renamed: "{0} heißt jetzt jemand anders; du heißt {1}.",
  loggedOut: "Du hast dich abgemeldet.",
  notLoggedIn: "Melde dich an, um mitzureden.",
  noToken: "Es war nicht festzustellen, wer du bist. Der Chat versucht es weiter.",
  bad_name: "Dieser Name geht nicht.",
  name_taken: "Dieser Name ist vergeben.",
  no_such_room: "Es gibt keinen Raum mit diesem Namen.",
  bad_room: "Es gibt keinen Raum mit diesem Namen.",
  not_allowed: "Du darfst nicht in diesen Raum.",
  no_such_message: "Diese Nachricht gibt es nicht mehr.",
  notChanged: "Du darfst diese Nachricht nicht ändern, oder nicht mehr.",
  mayNot: "Das darfst du hier nicht.",
  tooLong: "Das ist um {0} Zeichen zu lang.",
  not_taken: "Warte, bis die Nachrichten davor gesendet sind.",
  not_inside: "Tritt in den Raum ein, bevor du dort etwas sagst.",
  no_name: "Betritt zuerst den Chat.",
  lost: "Gerade besteht keine Verbindung. Versuch es noch einmal, wenn du online bist.",
  muted: "Du bist stummgeschaltet.",
  bad_command: "Diesen Befehl gibt es nicht, oder es fehlt ihm etwas. /help nennt alle.",
  bad_text: "Dieser Text geht nicht.",
  not_saved: "Das ließ sich nicht speichern. Versuch es noch einmal.",
  busy: "Das geht gerade nicht. Versuch es etwas später noch einmal.",
  slow_down: "Das war zu schnell. Versuch es etwas später noch einmal.",
  banned: "Du bist bis {0} gesperrt. Wenn das ein Irrtum ist, schreib denen, die diese Seite betreiben.",
};

/** What is said by what was not allowed: one code has many causes. @type {Record<string, keyof Texts>} */
const NOT_ALLOWED = { hello: "notLoggedIn", join: "not_allowed", edit: "notChanged", delete: "notChanged" };

/** @type {Record<string, Partial<Texts>>} */
export const texts = { en: ENGLISH, de: GERMAN };

/** Says things in one language; what a table lacks is said in English. */
export class Words {
  #table;

  /** @param {string} lang  such as de-AT */
  constructor(lang) {
    const found = tableOf(lang);
    this.#table = found ?? ENGLISH;
    /** The language that is really spoken. */
    this.lang = found ? known(lang) : "en";
  }

  /** A date and a time. @param {string} time  ISO 8601, UTC */
  moment(time) {
    return new Date(time).toLocaleString(this.lang, { dateStyle: "long", timeStyle: "short" });
  }

  /** @param {keyof Texts} key @param {(string | number)[]} parts */
  say(key, ...parts) {
    return (this.#table[key] ?? ENGLISH[key]).replace(/\{(\d)\}/g, (_, index) => String(parts[Number(index)] ?? ""));
  }

  /** A refusal in this language, else in the words of the server or the client.
   * @param {string} of  what was refused @param {string} code @param {string} text
   * @param {number} [excess]  how many characters too many were to be said
   */
  refusal(of, code, text, excess = 0) {
    if (excess > 0) {
      return this.say("tooLong", excess);
    }
    const key = code === "not_allowed" ? (NOT_ALLOWED[of] ?? "mayNot") : code;
    return Object.hasOwn(ENGLISH, key) ? this.say(/** @type {keyof Texts} */ (key), text) : text;
  }
}

/** That of a language, else of what it is a kind of: for zh-Hant-TW that of zh-Hant, else of zh. Case does not count
 * (RFC 4647, "Lookup"). @param {string} lang
 */
function tableOf(lang) {
  const tables = new Map(Object.entries(texts).map(([name, table]) => [name.toLowerCase(), table]));
  const parts = lang.toLowerCase().split("-");
  const names = parts.map((_, index) => parts.slice(0, parts.length - index).join("-"));
  return tables.get(names.find((name) => tables.has(name)) ?? "");
}

/** @param {string} lang @returns {string} "en" for what is no language at all */
function known(lang) {
  try {
    return new Intl.Locale(lang).toString();
  } catch {
    return "en";
  }
}
