"""What the reactor answers by itself, without a thread: rates, the list of rooms, and the files of our pages.

- routes: which paths these are, below the one where our pages are, and which function of mixsvc.answers builds each
  answer. What may wait, for a permission or for an authenticator, is left to the views.
- pages: stands before the application as a resource. What it does not answer goes on to the application as if nothing
  stood there, so every other path and method is that of our Flask views.
- front: the page, which a view makes once in a second for everybody who may see the same.
- kept: answers of the last moment, as long as nothing has changed.
"""
