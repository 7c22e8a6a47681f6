"""The files under /static: those of the folder, and nothing that a link in it leads to elsewhere."""

import os

from flask import Flask, abort, request

__all__ = ["guard_static"]


def guard_static(app: Flask) -> None:
    """Answer 404 for whatever is not in the app's static folder itself, whatever links in it may say."""
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

    app.before_request(stay_inside)
