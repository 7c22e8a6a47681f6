"""A restart that nobody notices: a new process takes over the listening sockets, and then the service.

The old process starts the new one as its child, which inherits the descriptors of the listening sockets. That is how
systemd hands down sockets as well (sd_listen_fds(3)). The child stays in the group of processes that a service manager,
a shell or a container watches, and what it needs is there before its first line runs. (Sent over a Unix socket
(SCM_RIGHTS), the sockets could go to a process that somebody else has started. Nobody else knows how, and with which
environment and folder, the service was started.) The queue of connections belongs to the socket, so nobody is refused
while one process lets go and the other takes over.

The new process imports and checks everything, as at each start, waits until children can run views, and says that it is
prepared. Until then the old one serves as before, and goes on if the new one fails. Then it lets go, in the order that
restarting.py explains, and ends once the new one serves.

The files, in the order in which one meets them:

- beginning.py: how the process was started, and so how the next one is.
- successor.py: the new process, seen from the old one; link.py: what they say to each other.
- restarting.py: what the old one does.
- predecessor.py: the old process, seen from the new one.
- keeping.py, keeper.py: a process in the foreground stays there, and waits for the service.

At the start only beginning.py is imported; what the old process needs, three seconds later.
"""
