"""The scripts that browsers load, as tools/bundle.mjs has made them of the modules in mixsvc/pages/static.

- bundle.py: which files there are, and in which form a browser takes one. Our pages serve them, too.
- chat_scripts.py: the chat's scripts for pages of other people, beside the chat, in every host that serves it.
"""
