"""Topics: numbered events that programs publish, kept for a time, and told to those who follow them.

- storage/: topics in the database.
"""
