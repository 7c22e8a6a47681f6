"""A host's application that signs tokens for the widget, and logs people out."""

from flask import Flask, Response, request

from mixsvc import mix

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


@app.post("/log-out")
def log_out() -> str:
    """The person whom the query names has logged out."""
    assert mix.chat is not None
    mix.chat.log_out(request.args["person"])
    return "out"
