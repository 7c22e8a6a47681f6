"""One process and one port: a Flask app, a SockJS chat and an exchange-rate poller on Twisted."""

__version__ = "0.1.0"
