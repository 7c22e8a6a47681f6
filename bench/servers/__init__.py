"""The servers that are measured: one small program for each, run in an environment of its own.

Those of SockJS and WebSockets offer the same two services: /broadcast, where what one client sends goes to every
client, and /echo. Each takes the bytes after which a streaming response ends as its argument (those that have such an
option) and says "ready PORT PID" when it listens. wsgi_start becomes any of the WSGI servers; all serve wsgi_app, and
Flask-SocketIO the same app with two events (socketio_app).
"""
