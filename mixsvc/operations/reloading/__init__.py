"""Reading the settings again while the service runs: on SIGHUP, and when an operator asks for it.

First everything is read, checked and built, in a thread: the file with the options of the command line, certificates,
secrets. If something of that cannot be used, nothing changes. Then all parts take over what was built for them, in one
turn of the reactor. Connections that are open go on. A setting that only a start can apply keeps its value, and the
answer names it. The files, in the order in which one meets them:

- source.py: where the settings come from: the file and the options, as at the start.
- table.py: for each setting the parts that apply it, or that it needs a restart.
- parts.py: all parts that a reload can change, and the certificates.
- difference.py: what is another value now, and the settings that can be applied of it.
- preparing.py: what a part brings to be reloaded: a function that checks and builds, and returns what swaps.
- reload.py: one reload after the other, and what the operator reads of it.
"""
