"""A process that runs views: `python -m mixsvc.child`, which only the service starts (mixsvc.wsgi.children).

It finds a socket at descriptor 3, reads what to run from it, imports the application and says that it is ready. Like
the other edges it puts the parts together: the host of mixsvc.wsgi.children, the application and the facade.

- __main__.py: the command line. program.py: all that a child does, from what it is told first to the last response.
- logins.py: [chat] authenticator there.
- reload.py: what it changes when the service has read its settings again.
- code_watch.py: for development, notices that the application's code has changed.
"""
