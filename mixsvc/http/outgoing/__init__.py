"""What is asked of the servers of others over HTTP: rates, and the receivers of webhooks.

- client: hosts are asked for as they are written. connections: each answer has a limit, and none is logged.
- retry_after: for how long a server asks to be left alone.
"""
