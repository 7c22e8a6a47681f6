"""The chat protocol: what clients ask, and what the chat tells them. Pure: JSON text in, JSON text out.

- requests: the requests as records.
- parsing: from the JSON text of a message to a request, or to RequestRefused.
- events: the events as JSON text, one function each.
- rate_answers: the answers to commands about rates. The commands are in mixsvc.common.commands.

This text is the contract in short; docs/reference/chat-protocol.md has the same for those who write clients, with all
fields and limits. tests/chat/protocol/test_texts.py checks that both name what the code has.

A message is one JSON object with a `type`. A client sends requests; the server sends events. A request is answered by
its event or by `error`, not always in the order of the requests: the answers that need the database come later.

Requests of every client
    hello: gives the connection a name; first and once. Answered by `welcome`.
    join: enters a room; `since` is the highest number that the client has seen there, `token` the newest token that
        came, and `epoch` the history's. Answered by `joined`.
    leave: leaves a room. Answered by `left`.
    say: posts a text in a room; the same `key` makes a repetition harmless. Answered by `said`.
    edit: gives a message of one's own another text. Answered by `done`.
    delete: deletes the text of a message of one's own; a moderator, of any message. Answered by `done`.
    history: reads older messages of a room. Answered by `history`.
    search: finds messages by words, in one room or in all that the client is in. Answered by `found`.
    rooms: lists rooms after a name. Answered by `rooms`.
    who: lists the members of a room after a name. Answered by `who`.
    subscribe: asks for the rates of pairs, now and whenever they change. Answered by `rates`.
    ping: asks for a sign of life, before hello, too. Answered by `pong`.

Requests of moderators
    kick: removes a person from a room. This one and the next four are answered by `done`.
    mute: forbids a person to post for a time.
    unmute: ends a mute.
    ban: closes the connections of a person or an address, and refuses new ones for a time.
    unban: ends a ban.
    sanctions: lists mutes and bans in force. Answered by `sanctions`.
    edits: reads the texts that a message has had. Answered by `edits`.
    audit: reads the audit log. Answered by `audit`.

Events that answer
    welcome: the client has this name.
    joined: the client is in the room: members, topic, a page of messages, and which messages were deleted or edited
        meanwhile.
        `reset` says that the client knows another history, as after a restored backup: the page begins this one.
    left: the client is not in the room.
    said: the message is on disk under this number; comes before its `message`.
    history: a page of messages.
    found: messages that have all words that were searched for, the newest first, and where the search goes on.
    rooms: a part of the list of rooms.
    who: a part of the list of members.
    rates: quotes of the pairs; later those that have changed.
    notice: a text for this client alone, the answer to /help.
    pong: the server is there.
    goodbye: the service closes the connection, and when to come back.
    done: the change of a moderator or an author is on disk and in force.
    sanctions: the mutes and bans in force.
    edits: the texts that a message has had.
    audit: entries of the audit log.
    error: the request is refused: a code for programs and a sentence for people.

Events that tell
    message: a message in a room that the client is in.
    came: a person joined.
    went: a person left, or lost the last connection.
    presence: how many persons are inside, instead of `came` and `went` in a large room.
    deleted: a moderator or the author deleted a message.
    edited: the author gave a message another text.
    kicked: a moderator removed a person, instead of `went`; or the client's person may not be there any more.
    muted: a moderator muted a person.
    unmuted: a moderator ended a mute.
    banned: a moderator banned a person.
    logged_out: the login with which this connection was opened has ended; it is closed, and has no rights any more.

Refusals
    bad_json: the message is not a JSON object with a type.
    unknown_type: there is no such request.
    bad_field: a field is missing or invalid.
    no_name: hello has to come first, and with a name.
    already_named: hello came before.
    bad_name: the name has invalid characters or length.
    name_taken: another person has the name, or it is reserved.
    name_fixed: the session or the application gives another name.
    bad_token: the token has expired, or the application has not signed it.
    no_such_room: there is no room of this name.
    bad_room: no room can have this name.
    not_inside: the client says something in a room that it is not in.
    already_inside: the client is in the room or joins it.
    too_many_rooms: the client is in too many rooms, or there are too many.
    bad_text: the text is empty or too long, or has no word to search for.
    bad_command: the command is unknown or incomplete.
    bad_pair: the pair of currencies is unknown.
    slow_down: the rate limit of the person or the address is exceeded; `wait` has the seconds.
    muted: the person is muted; `wait` has the seconds left.
    not_allowed: the person may not do this there, or not any more; or the message is somebody else's; or the request is
        for moderators, or moderators are immune to it; or strangers are not admitted.
    no_such_person: there is nobody of this name, or no such mute or ban.
    no_such_message: there is no message of this number, or it is deleted.
    busy: the database or the application does not answer, or the client waits for too many answers; nothing was read.
    not_saved: the same for what is stored; nothing was stored, and the client may try again.
"""
