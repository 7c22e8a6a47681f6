"""The benchmark: txsockjs, mixsvc and their peers side by side in one run (docs/design/bench.md).

Every server has one core or two, and the load generator another one if there is one. The clients are raw sockets that
count messages by a marker, so that one core can load the fastest server; of a sample of sessions every message is
checked.

Files in the order in which one meets them: __main__ (the command), scenarios (what is measured), peers (the servers and
their packages), installing (their environments), processes (a running server), servers/ (their programs); protocol
(bytes), connecting, clients and load (SockJS), requests (WSGI), computing (a view that takes 25 ms), dialects and
talking (a chat beside it); report (the table and the targets). chat is a second command, for the whole chat, and
first_visit a third, for the page.
"""
