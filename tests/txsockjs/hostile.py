"""What a hostile or broken client may send: half-valid requests and frames, the same in every run."""

import json
from random import Random

__all__ = ["hostile_bytes"]

METHODS = ["GET", "POST", "OPTIONS", "HEAD", "PUT", "DELETE", "G E T", "", "get"]
PLACES = ["xhr", "xhr_streaming", "xhr_send", "eventsource", "htmlfile", "jsonp", "jsonp_send", "websocket", "nothing"]
PAGES = ["", "/", "/info", "/iframe.html", "/iframe-x.html", "/websocket", "/a", "//", "/%ff", "/..", "/%2e%2e/x"]
QUERIES = ["", "?c=x", "?c=%20", "?c", "?callback=a.b", "?c=" + "x" * 40, "?t=1&c=<script>", "?%00"]
VERSIONS = ["HTTP/1.1", "HTTP/1.0", "HTTP/2", "", "http/1.1"]
HEADERS = [
    "Origin: http://evil",
    "Origin: null",
    "Connection: Upgrade",
    "Connection: close",
    "Connection: keep-alive, Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Version: 99",
    "Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==",
    "Sec-WebSocket-Key: x",
    "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=7",
    "Sec-WebSocket-Extensions: ,;=",
    "Sec-WebSocket-Protocol: ,",
    "Cookie: JSESSIONID=x; a",
    "Cookie: \xff",
    "Content-Type: application/x-www-form-urlencoded",
    "Content-Type: \x00",
    "If-None-Match: *",
    "Transfer-Encoding: chunked",
    "Expect: 100-continue",
    "X-Forwarded-For: ,",
    "Access-Control-Request-Headers: a\tb",
]
BODIES = [
    "",
    "[]",
    '["a"]',
    "[",
    "[1]",
    "null",
    "d=%5B%22x%22%5D",
    "d=",
    "\xff",
    '["\\ud800"]',
    "[" * 2000,
    '"x"',
    "{}",
]


def hostile_bytes(random: Random) -> bytes:
    """The bytes that one connection sends."""
    head, body = _request(random), random.choice(BODIES).encode("latin-1")
    tail = b"".join(_frame(random) for _ in range(random.randrange(4)))
    data = head.replace(b"LENGTH", b"%d" % (len(body) + random.choice([0, 0, 0, 1, -1]))) + body + tail
    if random.random() < 0.2:
        data = data[: random.randrange(len(data) + 1)]
    if random.random() < 0.2:
        data = bytes(byte ^ (random.random() < 0.01) * random.randrange(256) for byte in data)
    return data


def _request(random: Random) -> bytes:
    page = random.choice(PAGES)
    if random.random() < 0.8:
        page = f"/{random.choice('012')}/{random.choice(['s', 't', 's', 't', 'u.', ''])}/{random.choice(PLACES)}"
    headers = random.sample(HEADERS, random.choice([0, 0, 1, 2, 5]))
    if random.random() < 0.4:
        headers += ["Upgrade: websocket", "Connection: Upgrade", HEADERS[6], HEADERS[8]]
    if random.random() < 0.6:
        headers.append("Content-Length: LENGTH")
    line = f"{random.choice(METHODS[:2] * 8 + METHODS)} /echo{page}{random.choice(QUERIES)} "
    line += random.choice(VERSIONS[:1] * 8 + VERSIONS)
    return "\r\n".join([line, "Host: localhost", *headers, "", ""]).encode("latin-1")


def _frame(random: Random) -> bytes:
    payload = random.choice([b"", b"x", json.dumps(["x"]).encode(), b"[", b"\xff\xfe", b"\x03\xe8bye", b"x" * 200])
    first = random.choice([0x81, 0x82, 0x88, 0x89, 0x8A, 0x01, 0x80, 0x00, 0xC1, 0x83, 0xFF, random.randrange(256)])
    size = len(payload) if random.random() < 0.9 else random.randrange(128)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    return bytes([first]) + length + b"\0\0\0\0" + payload
