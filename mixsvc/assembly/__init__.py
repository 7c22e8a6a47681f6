"""Puts parts together that do not know each other, the same way in a service and in somebody else's process.

- chat_parts.py: the chat and what goes with it: topics, webhooks, and the clients whom views have left to the service.
"""
