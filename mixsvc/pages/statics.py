"""The files under /static: those of the folder, and nothing that a link in it leads to elsewhere."""

import os
import re
from typing import Final

from flask import Flask, abort, request

__all__ = ["guard_static"]

BYTES_RANGE: Final = re.compile(r"\s*bytes\s*=", re.IGNORECASE)


def guard_static(app: Flask) -> None:
    """Answer 404 for whatever is not in the app's static folder itself, whatever links in it may say.

    A Range in something else than bytes is as good as none (RFC 9110 section 14.2).
    """
    assert app.static_folder is not None
    folder = os.path.realpath(app.static_folder)

    def stay_inside() -> None:
        if request.endpoint != "static":
            return
        name = (request.view_args or {}).get("filename", "")
        try:
            found = os.path.realpath(os.path.join(folder, name))
        except ValueError:
            # A NUL character.
            abort(404)
        if not found.startswith(folder + os.sep):
            abort(404)
        if not BYTES_RANGE.match(request.environ.get("HTTP_RANGE", "bytes=")):
            del request.environ["HTTP_RANGE"]

    app.before_request(stay_inside)
