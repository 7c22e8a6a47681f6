"""Our pages: a Flask app that any WSGI server can serve, ours (mixsvc.wsgi) or another one.

Views run in worker threads, many at a time. They see the service only through mixsvc.interfaces.IMix: snapshots, which
any thread may read, and calls that wait for the reactor for a limited time and then raise ServiceBusy. So this folder
holds blocking code only: it imports Flask and no Twisted resource (twisted.logger alone, for one log), and knows
nothing of mixsvc.chat, mixsvc.rates and mixsvc.wsgi. The files, in the order in which one meets them:

- app.py: create_app makes the app: routes, error responses, security headers.
- index.py, templates/: the page, which shows rates and messages without any script; preview.py asks the chat for the
  newest messages, at most once a second for all views of a process.
- static/, static_files.py: scripts, styles and icons, under URLs with hashes, which browsers cache for ever, of memory
  (see scripts/page_files). Pages load the bundle in static/built/, which tools/bundle.mjs makes of the modules; a
  checkout without npm loads the modules.
- api/: /api, for the page's scripts and other programs.
- webhooks/: /api/hooks, where other programs write to the chat as they write to Slack.
- auth/: who somebody is: session cookies, moderators' logins.
- chat_url.py: the chat's URL if it is on another port or host than the page.
- flask_log.py: app.logger writes to twisted.logger.
"""
