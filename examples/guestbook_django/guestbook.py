"""Django beside the chat and the rates: a whole project in one file.

    pip install django
    cd examples/guestbook_django
    twistd -n mixsvc --wsgi guestbook:app

Then open http://127.0.0.1:8080/. The chat is at /chat, for any SockJS client or WebSocket.
"""

import secrets

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.html import escape

from mixsvc import mix

settings.configure(ROOT_URLCONF=__name__, SECRET_KEY=secrets.token_hex(), ALLOWED_HOSTS=["127.0.0.1", "localhost"])


def index(request: HttpRequest) -> HttpResponse:
    """The rate and the latest messages: a plain blocking view."""
    quote = mix.rates.latest("EUR", "USD")
    messages = mix.chat.page("lobby", None, 10).messages if mix.chat else []
    said = "".join(f"<li>{escape(each.name)}: {escape(each.text)}</li>" for each in messages)
    return HttpResponse(f"<title>Guests</title><p>EUR/USD: {quote.price if quote else 'unknown'}</p><ul>{said}</ul>")


urlpatterns = [path("", index)]
app = get_wsgi_application()
