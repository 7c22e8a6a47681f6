"""Log-outs that the chat is told of, so that the connections of a login do nothing more once it has ended."""

from twisted.logger import Logger

from mixsvc.errors import ServiceBusy
from mixsvc.interfaces import IMix
from mixsvc.pages.auth.memory import LogOuts

__all__ = ["PromptLogOuts"]


class PromptLogOuts:
    """Implements LogOuts by those of this service, for views. Any thread."""

    _log = Logger("mixsvc.web")

    def __init__(self, log_outs: LogOuts, mix: IMix) -> None:
        self._log_outs = log_outs
        self._mix = mix

    def __contains__(self, login: object) -> bool:
        """See LogOuts."""
        return login in self._log_outs

    def end(self, login: str) -> bool:
        """See LogOuts; returns when the connections of this login have ended, too, if the chat answers."""
        is_stored = self._log_outs.end(login)
        chat = self._mix.chat
        if chat is not None:
            try:
                chat.look_at_logins()
            except ServiceBusy as error:
                # The chat looks each second by itself.
                self._log.warn("web: connections of a login may last a second longer: {error}", error=str(error))
        return is_stored
