"""Rows of SQLite, whatever their cells hold: one that somebody has damaged keeps nobody from reading the others.

A column of texts takes any bytes, and a column of numbers any text (https://sqlite.org/datatype3.html, section 3). One
text that is not UTF-8 makes a whole query fail, so texts are read as bytes (CAST AS BLOB). PostgreSQL checks what it
stores. What cannot be read is shown as empty or with U+FFFD, and one line of the log names the table and the row.

- cells: what is in one cell, and the line of the log. messages: rows of the table `message`. rooms: of `room`.

All of it is called in the database's thread.
"""
