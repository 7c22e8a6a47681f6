"""The commands of `mixsvc` and `python -m mixsvc`, a file for each; mixsvc/__main__.py has their table.

command.py says what a command is, and parses a command line with errors of one line; output.py prints. The others are
commands: serve, ctl (ctl_text.py shows its answers), say (client/say_command.py does it), hash_password, check_config
(mistakes.py does it), restore (storage/restoring.py does it), move (storage/moving does it) and webhook
(config/hook_file.py does it).

To add one, write a module here with a Command, and name that in the table of mixsvc/__main__.py.
"""
