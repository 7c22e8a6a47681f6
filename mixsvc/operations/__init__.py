"""What operators see of the service and do to it, beside the traffic itself.

Every part counts for itself (common/histogram.py, plain counters) and knows nothing of this folder. This folder asks
the parts, in the reactor thread, when somebody asks it. The files, in the order in which one meets them:

- pages.py: /healthz (the process lives), /readyz (send it requests) and /metrics, on [server] admin_listen; without
  that setting the first two stand before the application on the public port.
- readiness.py: what /readyz says: STARTING, SERVING or STOPPING, and whether the database takes a write. One write
  answers everybody who asks within five seconds. Failing sources of rates do not make the service unready.
- metrics.py: the numbers in the formats of Prometheus. The names are documented in docs/how-to/operations.md, and
  users' dashboards depend on them.
- traffic.py, reactor_lag.py: what is counted for the metrics only: responses, and how late the reactor is.
- access_log.py: one line for each response, written in batches.
- log_files.py: files that logrotate moves away, reopened on SIGUSR1 and SIGHUP.
- systemd.py: READY, STOPPING and the watchdog by sd_notify.
- operations.py: puts these together for one service, and does the drain, which is the first step of a stop: /readyz
  says 503 and systemd is told, while everything goes on as before for [server] drain seconds.
"""
