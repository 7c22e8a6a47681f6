"""What a child changes when the service has read its settings again."""

import time

from mixsvc.application import WebApplication
from mixsvc.child.logins import ChildLogins, most_logins
from mixsvc.config.settings import WebSettings
from mixsvc.wsgi.children.setup import ChildSetup
from mixsvc.wsgi.spool import SpoolLimits, SpoolQuota

__all__ = ["ChildReload"]


class ChildReload:
    """Used in the main thread. quota: how much may wait for clients. application: None until it is imported."""

    def __init__(self, setup: ChildSetup, web: WebSettings, logins: ChildLogins) -> None:
        self._setup = setup
        self._logins = logins
        self.quota = SpoolQuota(SpoolLimits.of_process(web.max_unread, _together(web)), time.monotonic)
        self.application: WebApplication | None = None

    def take(self, payload: bytes) -> None:
        """Make the settings of a SETTINGS count, which the service has checked."""
        settings = self._setup.reloaded(payload).settings()
        self.quota.limit(settings.web.max_unread, _together(settings.web))
        self._logins.limit(most_logins(settings))
        if self.application is not None:
            self.application.prepare_reload(settings)()


def _together(web: WebSettings) -> int:
    """Bytes: this process has its share of what all may have."""
    return web.max_unread_together // max(1, web.processes)
