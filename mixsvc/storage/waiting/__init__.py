"""What waits for a database: each part of the service has a line of its own (the chat's: mixsvc/chat/storage/queue.py).

- queue: the calls of one kind of work. line: runs a transaction for many calls at once, and tells them in order.
"""
