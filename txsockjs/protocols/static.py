"""The endpoints that have no session."""

from txsockjs._http.static import IFrame, Info

__all__ = ["IFrame", "Info"]
