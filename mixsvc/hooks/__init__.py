"""What an application registers in the chat: functions that get messages, and functions that say who may do what.

An application registers them where it is imported, before any service runs, and the service calls them: in threads of
its own, or in the processes in which the application is imported. So there are two sides, which share interfaces/hooks:

- registry: the side of the application. It holds the functions of this process, and calls them one by one.
- threads: runs the registry of this process in daemon threads. children: runs those of the processes of views.
- lanes: jobs that run side by side, except those of one lane, which keep their order.
- listeners: gives messages to the functions that `on_message` has registered, and passes their answers on.
- permissions: asks the functions that `may` has registered, and remembers their answers for some seconds.
- login_watch: asks the authenticator's identities every second whether their logins have ended.
- closed_lately: what the application has closed a moment ago, for streams that begin only then.

The last five run in the reactor thread. They know a HookRunner, or a function, only, not where it runs the functions,
and nothing of the chat, which uses them.

**A hook holds nothing up.** A message is given to hooks when it is on disk and on its way to everybody, and nobody
waits for them. A question to `may` delays the requests of one client, and no answer in time is a refusal. It may hang
in its thread for good: another thread takes its place (mixsvc.threads.leavable), and its person is asked about again
after pauses that become longer, beside all others.
"""
