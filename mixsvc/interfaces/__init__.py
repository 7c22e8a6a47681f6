"""The contracts between the parts of the service, and the values that cross from one part to another.

chat, rates, charts, pages and wsgi never import each other. Each offers an interface from here or asks for one, and
mixsvc.service puts them together. So each can be tested with a memory version of its neighbours, and a host may leave
one out: `IMix.chat` is None without a chat.

Rules that hold for all of them:

- A value that crosses is frozen: a view may keep a Quote or a ChatPage while the reactor goes on.
- Every docstring says in which thread a method may be called. "Any thread" means that it reads a snapshot and never
  waits. "A worker thread" means that it asks the reactor and blocks; it raises ServiceBusy after a time limit, and
  would hang in the reactor thread itself.
- A value knows its form in the HTTP API and in the chat protocol (`as_json`), so that both spell it in one way.

Files: rates, chat, topics, charts and auth (one for each part), service (what a view gets: the three together), hooks
(what the service calls in an application), holds (what a view leaves to the service), doors (how other protocols come
into the chat), goodbyes (when clients come back), threads, environ (what the HTTP server adds to the WSGI environ),
rate_forms (rates as JSON for another process), typed (what views get, for type checkers). Import the names that this
package exports from it, not from its files.
"""

from mixsvc.interfaces.auth import Authenticator, IAuthenticator, Identity
from mixsvc.interfaces.charts import ICharts
from mixsvc.interfaces.chat import ChatMessage, ChatPage, FoundMessage, IChat, RoomOverview, SearchPage
from mixsvc.interfaces.hooks import RoomMessage
from mixsvc.interfaces.rates import Conversion, IRates, IRateSource, PriceHistory, Quote, SourceHealth
from mixsvc.interfaces.service import IMix
from mixsvc.interfaces.threads import DeferToThread
from mixsvc.interfaces.typed import TypedCharts, TypedChat, TypedMix, TypedRates

__all__ = [
    "Authenticator",
    "ChatMessage",
    "ChatPage",
    "Conversion",
    "DeferToThread",
    "FoundMessage",
    "IAuthenticator",
    "IChat",
    "ICharts",
    "IMix",
    "IRateSource",
    "IRates",
    "Identity",
    "PriceHistory",
    "Quote",
    "RoomMessage",
    "RoomOverview",
    "SearchPage",
    "SourceHealth",
    "TypedCharts",
    "TypedChat",
    "TypedMix",
    "TypedRates",
]
