"""Topics over HTTP: a way for programs to publish."""

from typing import Final

from flask import Blueprint, Response, jsonify

from mixsvc.config.settings import TopicsSettings
from mixsvc.errors import NotPublished
from mixsvc.interfaces import IMix
from mixsvc.interfaces.topics import MAX_EVENT_NAME, MAX_KEY
from mixsvc.pages.api.json_body import json_object, optional_text, refuse
from mixsvc.pages.api.problems import sentence
from mixsvc.pages.api.rooms import ChatAccess

__all__ = ["blueprint"]

DATA: Final = "data"

# Bytes of a body besides the texts: names, quotes, spaces.
AROUND: Final = 1024


def blueprint(mix: IMix, access: ChatAccess, settings: TopicsSettings) -> Blueprint:
    """The route below /api/topics."""
    topics = Blueprint("topics", __name__, url_prefix="/api/topics")

    @topics.post("/<topic>")
    def publish(topic: str) -> tuple[Response, int]:
        access.check_writer()
        return jsonify(topic=topic, number=_published(mix, topic, settings)), 201

    return topics


def _published(mix: IMix, topic: str, settings: TopicsSettings) -> int:
    # JSON may encode one byte in six characters, and a character of two surrogates in twelve.
    fields = json_object(6 * settings.max_data + 12 * (MAX_EVENT_NAME + MAX_KEY) + AROUND)
    if DATA not in fields:
        refuse(400, f"The member {DATA} is missing: give text, or another JSON value.", member=DATA)
    name, key = optional_text(fields, "event", MAX_EVENT_NAME), optional_text(fields, "key", MAX_KEY)
    try:
        return mix.publish(topic, fields[DATA], name, key)
    except NotPublished as error:
        refuse(400, sentence(error))
    except RuntimeError as error:
        refuse(503, sentence(error))
