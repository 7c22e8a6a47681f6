"""What operators see of the service and do with it.

Every part of the service counts for itself (common/histogram.py, plain counters) and imports nothing from this folder.
This folder asks the parts, in the reactor thread, when somebody asks for the numbers. The files, in the order in which
one meets them:

- pages.py: /healthz (the process is alive), /readyz (the process should get requests) and /metrics, on [server]
  admin_listen; without that setting the first two are on the public port, before the application.
- ports.py: opens the ports of a setting, and logs what is listened on.
- later.py: what operators see is loaded after the start, and their page when somebody asks for it first.
- window/: that page, on the same port.
- readiness.py: what /readyz says: STARTING, SERVING, DRAINED or STOPPING, whether a child can run views if there are
  children, and whether the database completes a write. The result of one write holds for five seconds. Failing sources
  of rates do not make the service unready.
- metrics.py: the numbers in the formats of Prometheus. The names are documented in docs/how-to/operations.md, and
  users' dashboards depend on them.
- agreement.py: what all nodes of a chat must have in common, compared at the start and after a reload.
- traffic.py, reactor_lag.py: what is counted for the metrics only: responses, and how late the reactor is.
- access_log.py: one line for each response, written in batches.
- log_files.py: log files, which are reopened on SIGUSR1 and SIGHUP after logrotate has moved them away.
- reloading/: SIGHUP, or an operator, has the settings read again.
- restart/: a new process takes over the listening sockets, and then the service.
- renewal_signal.py: SIGUSR2, on which children with new code replace those with the old one.
- ending.py: the steps of the end of the service, and of a restart, in order.
- restart/: a new process takes over the listening sockets, and then the service.
- stop_signals.py: SIGTERM and SIGINT, from makeService to the end of the process.
- garbage.py: garbage collection, rare until the start has ended.
- forks.py: what a child that a view forks must not share with the service.
- systemd.py: READY, RELOADING, STOPPING and the watchdog by sd_notify.
- control/: what operators see of the whole service, and what they can do, for all ways to ask.
- operations.py: puts these together for one service, and does the drain, which is the first step of a stop: /readyz
  answers 503 and systemd is notified, while everything else works as before for [server] drain seconds.
"""
