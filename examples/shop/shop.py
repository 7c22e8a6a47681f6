"""A shop: prices in the customer's currency, a login of its own, a chat with the staff, and orders that are live.

    cd examples/shop
    twistd -n mixsvc --config shop.ini

Then open http://127.0.0.1:8080/. The service's own page is at http://127.0.0.1:8080/mixsvc/. Any WSGI server does the
same (docs/how-to/hosts.md), gunicorn for example at http://127.0.0.1:8000/:

    pip install gunicorn
    MIXSVC_CONFIG=shop.ini gunicorn mixsvc:app

With shop:app in place of mixsvc:app it serves the shop without the service's own page.
"""

import fcntl
import os
import secrets
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug.security import check_password_hash, generate_password_hash

from mixsvc import mix
from mixsvc.errors import MixError
from mixsvc.interfaces import Identity


def shared_key(file: Path) -> bytes:
    """The key that signs logins. A new one in each process, or after each start, would log everybody out."""
    with os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as opened:
        # One process makes it, the others wait for that.
        fcntl.flock(opened, fcntl.LOCK_EX)
        key = opened.read()
        if not key:
            key = secrets.token_bytes(32)
            opened.write(key)
        return key


app = Flask(__name__)
app.secret_key = shared_key(Path(__file__).with_name("shop_key"))

PRICES = {"Teapot": Decimal("39.00"), "Cup": Decimal("7.50")}
CURRENCIES = ("EUR", "USD", "GBP", "JPY", "CHF")
# A real shop has a database of its own.
CUSTOMERS = {"ann": generate_password_hash("teatime"), "staff": generate_password_hash("kettle")}


@app.get("/")
def index() -> str:
    """Today's prices."""
    currency = request.args.get("currency", "EUR")
    if currency not in CURRENCIES:
        currency = "EUR"
    return render_template("shop.html", goods=priced(currency), currency=currency, currencies=CURRENCIES)


def priced(currency: str) -> list[tuple[str, str, str]]:
    """Name, price and date of the rate of each product. Reading a rate never blocks; there may be none."""
    found = []
    for name, euros in PRICES.items():
        worth = None if currency == "EUR" else mix.rates.convert(euros, "EUR", currency)
        if worth is not None:
            found.append((name, f"{worth.result} {currency}", f"at the rate of {worth.quote.date}"))
        else:
            found.append((name, f"{euros} EUR", ""))
    return found


@app.post("/ask")
def ask() -> ResponseReturnValue:
    """Tell the staff in the chat that a customer asks about something."""
    goods, name = request.form.get("goods", ""), session.get("name")
    if goods not in PRICES or name is None:
        return Response("Log in and choose something that we have.\n", 400, content_type="text/plain")
    if mix.chat is None:
        return Response("Nobody is there.\n", 503, content_type="text/plain")
    try:
        mix.chat.say("lobby", "Shop", f"{name} asks about: {goods}")
    except MixError as error:
        # `say` waits until the message is on disk, with a time limit.
        return Response(f"{error}\n", 503, content_type="text/plain")
    return redirect(url_for("index"), 303)


STATES = ("paid", "packed", "sent")


@app.post("/order")
def order() -> ResponseReturnValue:
    """Order something. The topic of the order keeps what becomes of it."""
    goods, name = request.form.get("goods", ""), session.get("name")
    if goods not in PRICES or name is None:
        return Response("Log in and choose something that we have.\n", 400, content_type="text/plain")
    number = f"{name}-{secrets.token_hex(4)}"
    mix.publish(f"order-{number}", f"{goods} ordered")
    return redirect(url_for("order_page", number=number), 303)


@app.get("/orders/<number>")
def order_page(number: str) -> str:
    """The page of an order, which shows each state as soon as it is reached."""
    check_customer(number)
    return render_template("order.html", number=number, states=STATES)


@app.get("/orders/<number>/events")
def order_events(number: str) -> Any:
    """The states of an order. The view decides who may see them; the service holds the client."""
    check_customer(number)
    return mix.hold(f"order-{number}", person=f"customer:{session['name']}")


@app.post("/orders/<number>/state")
def change_order(number: str) -> ResponseReturnValue:
    """The staff say how far an order is."""
    state = request.form.get("state", "")
    if session.get("name") != "staff" or state not in STATES:
        abort(403)
    # With a key a state that is sent twice is told once.
    mix.publish(f"order-{number}", state, key=state)
    return redirect(url_for("order_page", number=number), 303)


def check_customer(number: str) -> None:
    """Refuses whoever has not ordered this, except for the staff."""
    if session.get("name") not in (number.rpartition("-")[0], "staff"):
        abort(403)


@app.post("/login")
def log_in() -> ResponseReturnValue:
    """The shop's own login, separate from the service's."""
    name = request.form.get("name", "")
    if name not in CUSTOMERS or not check_password_hash(CUSTOMERS[name], request.form.get("password", "")):
        return Response("The name or the password is wrong.\n", 403, content_type="text/plain")
    session["name"] = name
    return redirect(url_for("index"), 303)


def who(environ: Mapping[str, Any]) -> Identity | None:
    """For [chat] authenticator: whoever is logged in here is known in the chat by the same name."""
    with app.request_context(dict(environ)):
        name = session.get("name")
    return Identity(f"customer:{name}", name, moderator=name == "staff") if name else None
