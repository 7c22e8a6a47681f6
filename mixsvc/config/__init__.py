"""Settings: from the text of a file and of options to checked, immutable values.

A setting goes through these steps, each in its own file:

1. `reading` goes through the steps. `ini` reads a file: every value as text, with its file and line.
2. `settings` has a dataclass for each section. A field of it is a setting: it knows its default and its parser. Options
   of the command line, which tap hands in, replace the values of the file. An unknown section or key is an error.
3. `parsers` and `network` turn texts into values; `network` has those that say who talks to the service.
4. `imports` imports what a setting names in other people's code; `secret_files` reads or makes the files with secrets.
5. `directories` says where relative paths begin, `outgoing_hooks` and `hook_file` read webhooks (`line_file`: an entry
   on each line), `chat_url` is where a program on the same machine finds the chat (`endpoint_text`: the words of an
   endpoint).
6. `current` has the values that a reload replaces, for parts that go on.

The rest of the service sees a Settings object only, never a key or a text. A mistake raises BadSetting with one line of
text: the file and line or the option, the setting, its value, what is wrong, and what to write instead. It is found
before the service becomes a daemon, because a daemon has no terminal to print it on.
"""
