"""A process that runs views: `python -m mixsvc.child`, which only the service starts (mixsvc.wsgi.children).

It finds a socket at descriptor 3, reads what to run from it, imports the application and says that it is ready. Like
the other edges it puts the parts together: the host of mixsvc.wsgi.children, the application and the facade.
"""
