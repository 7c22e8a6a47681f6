"""Doubles for the tests of programs that use `mixsvc.client`: a chat without a network, on a clock that the test moves.

`MemoryChat` (chat.py) is all that most tests need: it has a reactor and a URL to give to the program, a server that
stores what is said (`MemoryServer`, server.py), and `settle`, which delivers every message that is under way.
docs/reference/client.md shows a test with it. `MemoryConnection` is one client's connection to that server.

`ScriptedConnection` (scripted.py) is for the rest: the server's end of one connection, which sends what the test says,
also what no server would send. `accept` and `refuse` answer a client's attempt to connect on a
`twisted.internet.testing.MemoryReactorClock`.

Importing it installs no reactor, and it needs no package but those of the client. Everything runs in the thread of the
test.
"""

from mixsvc.client.testing.chat import OPTIONS, MemoryChat
from mixsvc.client.testing.scripted import ScriptedConnection, accept, refuse
from mixsvc.client.testing.server import TIME, MemoryConnection, MemoryServer

__all__ = [
    "OPTIONS",
    "TIME",
    "MemoryChat",
    "MemoryConnection",
    "MemoryServer",
    "ScriptedConnection",
    "accept",
    "refuse",
]
