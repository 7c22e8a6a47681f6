"""A team: people log in with Flask-Login, the staff have a room of their own, and a bot answers questions.

    pip install flask-login
    cd examples/team
    twistd -n mixsvc --config team.ini

Log in at http://127.0.0.1:8080/ as ann or bob (the password is teatime); the chat is at
http://127.0.0.1:8080/mixsvc/. docs/how-to/hooks.md explains the parts.
"""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from flask import Flask, Response, redirect, request
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user
from werkzeug.security import check_password_hash, generate_password_hash

from mixsvc import mix
from mixsvc.interfaces import Identity, RoomMessage

app = Flask(__name__)
# A real application reads it from a file, so that people stay logged in over a restart.
app.secret_key = "not a secret"
logins = LoginManager(app)


class User(UserMixin):
    """Somebody who can log in."""

    def __init__(self, name: str, password: str, is_staff: bool) -> None:
        self.id = self.name = name
        self.password = password
        self.is_staff = is_staff


def users() -> closing[sqlite3.Connection]:
    """The table of the users. A file and not a global: several processes may run this application."""
    return closing(sqlite3.connect("team.sqlite3", timeout=5, isolation_level=None))


def make_users() -> None:
    """Ann and Bob, if they are not there yet."""
    with users() as table:
        table.execute("CREATE TABLE IF NOT EXISTS user (name TEXT PRIMARY KEY, password TEXT, is_staff INTEGER)")
        for name in ("ann", "bob"):
            password = generate_password_hash("teatime")
            table.execute("INSERT OR IGNORE INTO user VALUES (?, ?, ?)", (name, password, True))


make_users()


@logins.user_loader
def user(name: str | None) -> User | None:
    """The user of this name, as the table has it now."""
    with users() as table:
        row = table.execute("SELECT name, password, is_staff FROM user WHERE name = ?", (name,)).fetchone()
    return User(row[0], row[1], bool(row[2])) if row else None


def who(environ: Mapping[str, Any]) -> Identity | None:
    """For [chat] authenticator: whoever is logged in here is known in the chat."""
    with app.request_context(dict(environ)):
        if not current_user.is_authenticated:
            return None
        return Identity(person=current_user.id, name=current_user.name, moderator=current_user.is_staff)


@mix.chat.may
def may(person: str | None, action: str, room: str | None) -> bool:
    """The staff may do everything; others may not enter the staff's room, and strangers may only read."""
    known = user(person)
    if known is not None and known.is_staff:
        return True
    if room == "staff" or action == "moderate":
        return False
    return known is not None or action in ("join", "history", "search")


@mix.chat.on_message(name="Porter")
def answer(message: RoomMessage) -> str | None:
    """Tells the price of tea to those who ask for it."""
    if "price of tea" not in message.text.lower():
        return None
    quote = mix.rates.latest("EUR", "GBP")
    return f"{message.name}: 2 EUR" + (f", {2 * quote.price:.2f} GBP" if quote is not None else "")


@app.get("/")
def index() -> ResponseReturnValue:
    """A form to log in, or who is logged in."""
    if current_user.is_authenticated:
        return f"You are {current_user.name}. <a href=/mixsvc/>To the chat</a>"
    return "<form method=post action=/login><input name=name><input name=password type=password><button>Log in</form>"


@app.post("/login")
def log_in() -> ResponseReturnValue:
    """The application's own login."""
    found = user(request.form.get("name"))
    if found is None or not check_password_hash(found.password, request.form.get("password", "")):
        return Response("The name or the password is wrong.\n", 403, content_type="text/plain")
    login_user(found)
    return redirect("/", 303)


@app.post("/dismiss/<name>")
@login_required
def dismiss(name: str) -> ResponseReturnValue:
    """Somebody of the staff takes another one out of it, and out of its room."""
    if not current_user.is_staff:
        return Response("Only the staff may do this.\n", 403, content_type="text/plain")
    with users() as table:
        table.execute("UPDATE user SET is_staff = 0 WHERE name = ?", (name,))
    mix.chat.revoke(name, "staff")
    return Response(status=204)
