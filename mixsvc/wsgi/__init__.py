"""The WSGI host: runs a WSGI application (PEP 3333) in threads, behind the HTTP server of mixsvc.http.

A request's way: mixsvc.http reads the head and the whole body and finds the client's address and scheme, also behind a
trusted proxy, before any resource sees the request. Then, in the order of the files:

- resource.py gets the request in the reactor thread, on the short way (mixsvc.http.page_request) or the long one, and
  passes it to a thread of the pool.
- environ.py makes the environ. It is the only module that makes one: authentication.py gets its own from there, so that
  an authenticator sees who opens a chat connection as a view would see the same client.
- child_authentication.py asks the authenticator in the processes of views, where there are any. passwords.py: whose
  password came by IRC.
- call.py calls the application in the thread, and logs its failures.
- response_head.py checks what start_response gets; response.py holds the body to its Content-Length and decides
  between two ways to send it:

  - A body of up to 128 KiB costs one call into the reactor, with status, headers and body. All threads that wait for
    the reactor at that moment wake it once (mixsvc.threads.reactor_calls). It goes to the socket in one piece.
  - A longer body, or one of unknown length, is a stream (stream.py). Its thread is as fast as the application makes it:
    what the client has not read waits in backlog.py, in memory and then in a temporary file (spool.py). A client that
    reads fast is waited for a moment instead, unless a request waits for a thread. If more waits than a file may have,
    the thread waits for the client, as long as enough other threads are free (waiting.py). A client that does not read
    loses its connection at the write deadline of mixsvc.http.
  - A file that the application returns in wsgi.file_wrapper (file_wrapper.py) needs no thread: it is sent from where it
    is.

- held.py finds out that a view leaves its client to the service.
- socket_views.py gives the views of handshakes for WebSockets threads of their own, and sockets (mixsvc.sockets).
- long_polls.py gives the polls of Socket.IO threads of their own.
- writer.py carries out all of it on the reactor's side; target.py, what a stream does with its request.
- children/: the same in processes of their own. supervision/: when these are started, replaced and killed.

The threads are daemon threads of our own pool (mixsvc.threads.pool): a view that hangs is named in the log at the stop
and left behind. twisted.web's own WSGIResource uses the reactor's pool, which is joined at the end.
"""
