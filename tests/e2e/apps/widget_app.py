"""A host's application that signs tokens for the widget, and logs people out."""

from flask import Flask, Response, request

from mixsvc import mix

SCRIPT = '<script type="module" src="/chat/widget.js"></script>'

app = Flask(__name__)


@app.post("/token")
def token() -> Response:
    """A token for the person whom the query names, who is who they say they are; "" for nobody.

    seconds, in the query: how long it is valid.
    """
    person = request.args["person"]
    seconds = int(request.args.get("seconds", "600"))
    rooms = request.args.getlist("room") or None
    text = mix.tokens.sign(person, person.title(), rooms=rooms, seconds=seconds) if person else ""
    return Response(text, headers={"Access-Control-Allow-Origin": "*"}, mimetype="text/plain")


@app.post("/fill")
def fill() -> str:
    """A bot says so many lines in a room, the third with a word that no other has."""
    assert mix.chat is not None
    room, count = request.args["room"], int(request.args["count"])
    numbers = [mix.chat.say(room, "Bot", "a **needle** here" if at == 2 else f"line {at}") for at in range(count)]
    return str(numbers[2])


@app.post("/say")
def say() -> str:
    """A bot says what the query has."""
    assert mix.chat is not None
    return str(mix.chat.say(request.args["room"], "Bot", request.args["text"]))


@app.get("/box")
def box() -> str:
    """A page of the service's own origin, whose session says who somebody is."""
    return f'<!doctype html><title>Box</title>{SCRIPT}<mix-chat room="lobby" lang="en"></mix-chat>'


@app.post("/log-out")
def log_out() -> str:
    """The person whom the query names has logged out."""
    assert mix.chat is not None
    mix.chat.log_out(request.args["person"])
    return "out"
