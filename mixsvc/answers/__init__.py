"""Answers without a view: the rates, the list of rooms, and the scripts. Pure: no Flask, no Twisted, no waiting.

One function builds each answer, whoever asks: under twistd the reactor (mixsvc.direct), without a thread; in other
hosts, and for what the reactor leaves to them, our pages' Flask views (mixsvc.pages.api). So both give the same bytes.

- asked: what a request asks; answer: an answer, and RefusedAnswer, which carries one; problems: errors (RFC
  9457); conditional: 304 and tags; policy: the header fields that all our pages have.
- rates: the routes of the rates. rate_query reads the query, rate_forms writes JSON, lines or a table (rate_csv),
  rate_errors says why there is no quote. past keeps long histories, which take some milliseconds to write.
- rooms: the list of rooms.
- codings: gzip of what everybody may read, on request; files: files from memory, compressed, and ranges of them.

Nothing here holds its caller for more than 5 ms, but for a history that `past` does not have yet: the reactor lets a
thread make that.
"""
