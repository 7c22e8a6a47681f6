"""The window: a page about the running service, at / of [server] admin_listen, for whoever has the operators' token.

It shows what `control` knows of the service (an Overview: one JSON-able dict; the History: the graphs' numbers) and
calls its actions. It works without scripts: tables, forms and a link that shows it anew. With scripts the same markup
is fetched every two seconds and put in place of the old one, so that each part is written once, in templates/.

What it costs. Nothing of this folder is imported before somebody asks for the page, and then in a thread. However many
windows are open, the overview is asked for and rendered once in a second, section by section with a turn of the
reactor between, and only those sections whose data have changed. Scripts stop asking when nobody sees the page.

Who gets in. A page of another site must neither read the window nor act in it: the Host must be an address, localhost
or one of [server] hosts (DNS rebinding); the cookie is SameSite=Strict and HttpOnly; each form has a token of its
session; Origin and Sec-Fetch-Site of a POST must be those of the page; no page may frame it, and its CSP allows only
files of ours. Whoever guesses tokens has to wait longer and longer. Everything that others have written, such as names,
is text for the templates. /metrics, /healthz and /readyz know nothing of all this. The files, in the order of a
request:

- resource.py: the routes, and what is refused.
- own_hosts.py: for which hosts the window answers, and whether a form came from its own page.
- call.py, forms.py, responses.py: a request, the fields of its form, and what a browser may do with the answer.
- gate.py, sessions.py, token.py: the log-in; its cookie, which ends with the token, and what each form must send; the
  operators' token in its file.
- desk.py: what the window shows and does, as `control` has it; doing.py: actions, and the question before some of them.
- view.py, shared_work.py, rendering.py, templates/: the live part, kept for a second.
- shown.py, cells.py: how numbers, times and texts look.
- pages.py: whole pages around it: the log-in, the window, the question, refusals.
- files.py: scripts and styles, which are in pages/static/window with those of the other pages.
"""
