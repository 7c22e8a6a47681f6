"""Makes `twistd mixsvc` known. It names mixsvc.tap and imports nothing of ours: `twistd --help` loads every plugin."""

from typing import Final

from twisted.application.service import ServiceMaker

__all__ = ["mixsvc"]

mixsvc: Final = ServiceMaker("mixsvc", "mixsvc.tap", "Flask pages, SockJS chat and live rates.", "mixsvc")
