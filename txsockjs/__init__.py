"""SockJS for Twisted on Python 3, with the public names of txsockjs 1.2.2."""
