"""The state of the chat in memory. Pure: no Twisted, no clock, no I/O; the time is an argument.

- people: the clients, the persons they belong to, and who may have which name.
- rooms: the rooms and their members.
- sanctions: the mutes and bans in force.
- acts: what moderators have done, as events of the journal.
- ban_addresses: the address that a ban of a person applies to.
- epochs: which history a client knows.
- token_buckets: how much a person, and all persons of an address, may do.

Everything here is changed in the reactor thread only. Views in other threads read a few snapshots: Rooms.names,
Rooms.overview, Room.members and Room.size copy with one step of the interpreter.

**Names.** A name has one key (mixsvc.common.names.key), and names with the same key are the same name. A name belongs
to the person who uses it, until the person's last client leaves. Moderators' names are reserved, and the chat's own
names are refused to everybody.

**Rooms in memory.** Rooms of the settings are always there. Others exist while they have members or messages. [chat]
max_rooms limits how many are in memory; one without members is evicted for a new one, and only its name, topic and last
number stay. It is restored when somebody asks for it, so a room with messages is never lost. Ten times as many rooms
may be in the database.

**Sanctions.** A mute applies to a name and a person; a ban to a name, a person and an address (IPv6: the /64 network
that a subscriber chooses from freely). If several apply, the one that ends last counts. Unknown fields are never
compared.

**Rate limits.** A bucket holds `burst` tokens and gains `rate` tokens a second. A request takes one from the person's
bucket and one from the address's, which is a hundred times as large, for many persons may share a proxy.
"""
