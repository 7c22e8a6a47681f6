"""Who somebody is, for our own pages and for the chat when [chat] authenticator names no other function.

- sessions.py: a signed cookie holds a person's id and name, and a moderator's login. `session_identity` is the
  authenticator made of it, which the chat asks with the environ of a connection.
- ended_logins.py: the logins that have ended. It is all that the server keeps of sessions, as a copy of a cookie would
  be valid after a log-out.
- logins.py: checks a moderator's password.
- limits.py: who may try, and that a few passwords are checked at a time, as each check takes memory and time on
  purpose. Whoever comes while all places are taken is refused at once: a view's thread that waits serves nobody.
- devices.py: a cookie of browsers in which the account has logged in before. They have a lane of their own, so that
  others, whose guesses fill the other lane, do not keep a moderator out.
- throttle.py: makes whoever guesses secrets wait longer and longer; webhooks count wrong secrets by one of their own.
- memory.py: limits and ended logins as all processes that serve the pages share them; the chat is told of each log-out,
  and ends the connections of that login at once. remote.py: how a view's process asks the service for them.
"""
