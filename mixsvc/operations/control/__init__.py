"""What operators see of a running service, and what they do with it, in one place for all ways to ask.

The window ([server] admin_listen), the socket ([server] control) and `mixsvc ctl` show one object and have one table of
actions. Nothing here is loaded before somebody can ask, and nothing is counted here that a part counts for itself. The
files, in the order in which one meets them:

- parts.py: the parts of the service, as operators have them.
- overview.py: everything that there is to see, as one object that JSON can hold; its lists are bounded.
- actions.py: the table of the actions.
- desk.py: puts these together for one service.
- socket_file.py: the Unix socket in the file system. acceptor.py: accepts connections there, and loads the rest.
- channel.py: what comes by such a connection, a question as a line of JSON, and its answer.

All of it is used in the reactor thread.
"""
