"""The scripts that browsers load, as tools/bundle.mjs has made them of the modules in mixsvc/pages/static.

- bundle.py: which files there are, and the compressed forms of each.
- page_files.py: the files of the page's static folder, and of the bundle in it; mixsvc.answers.files sends them.
- chat_scripts.py: the chat's scripts for pages of other people, beside the chat, in every host that serves it.
"""
