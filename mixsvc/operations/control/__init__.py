"""What operators see of a running service, and what they do with it, in one place for all ways to ask.

The window ([server] admin_listen), the socket ([server] control) and `mixsvc ctl` show one object and have one table of
actions. Nothing here is loaded where nobody can ask, and nothing is counted here that a part counts for itself: what
needs time to be seen is looked at from time to time, so that no request and no message pays for it. The files, in the
order in which one meets them:

- parts.py: the parts of the service, as operators have them.
- sessions.py: who is connected. room_rates.py: messages a second. running_views.py: what views work on. stalls.py: when
  the reactor was held up, and by what; thread_times.py: which thread had the processor. history.py: figures of the
  last hour. watch.py: begins and ends all of these.
- settings_shown.py: the settings that differ from the default, without secrets.
- overview.py: everything that there is to see, as one object that JSON can hold; its lists are bounded.
- actions.py: the table of the actions.
- desk.py: puts these together for one service.
- socket_file.py: the Unix socket in the file system. acceptor.py: accepts connections there, and loads the rest.
- channel.py: what comes by such a connection, a question as a line of JSON, and its answer.

All of it is used in the reactor thread.
"""
