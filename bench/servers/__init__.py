"""The servers that are measured: one small program for each, run in an environment of its own.

All offer the same two services: /broadcast, where what one client sends goes to every client, and /echo. Each takes
the bytes after which a streaming response ends as its argument (those that have such an option) and says
"ready PORT PID" when it listens.
"""
