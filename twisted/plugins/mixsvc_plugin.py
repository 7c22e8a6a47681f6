"""Makes `twistd mixsvc` known. It names mixsvc.tap and imports nothing of ours: `twistd --help` loads every plugin."""

from typing import Any, Final

from twisted.application.service import ServiceMaker

__all__ = ["mixsvc"]


class _Maker(ServiceMaker):
    @property
    def options(self) -> Any:
        """The class of the options; twistd asks for it once the command line names mixsvc."""
        from mixsvc.operations.garbage import collect_rarely
        from mixsvc.operations.stop_signals import end_at_once

        # Before mixsvc.tap is imported, which takes most of the time of a start.
        end_at_once()
        collect_rarely()
        return super().options


mixsvc: Final = _Maker("mixsvc", "mixsvc.tap", "Flask pages, SockJS chat and live rates.", "mixsvc")
