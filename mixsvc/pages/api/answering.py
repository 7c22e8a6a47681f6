"""Answers that need no view (mixsvc.answers), as Flask sends them in hosts without our reactor."""

from flask import Response, request

from mixsvc.answers.answer import Answer, RefusedAnswer
from mixsvc.answers.asked import Asked
from mixsvc.answers.codings import for_everybody

__all__ = ["asked", "refusal", "sent", "sent_to_everybody"]

_PREFIX = "HTTP_"


def asked() -> Asked:
    """Returns what the current request asks."""
    environ = request.environ
    names = [name for name in environ if name.startswith(_PREFIX)]
    headers = {name[len(_PREFIX) :].lower().replace("_", "-"): environ[name] for name in names}
    return Asked(request.method, environ.get("QUERY_STRING", ""), headers, request.scheme)


def sent(answer: Answer) -> Response:
    """Returns the answer as a response of Flask."""
    fields = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.fields]
    return Response(answer.body, answer.status, fields)


def sent_to_everybody(answer: Answer) -> Response:
    """Returns the answer as its client gets it, compressed perhaps. Only for what everybody may read."""
    return sent(for_everybody(asked(), answer))


def refusal(error: RefusedAnswer) -> Response:
    """The error handler for what an answer refuses."""
    return sent(error.answer)
