"""Requests as bytes: unusual ones that every application gets, and those that are refused."""

__all__ = ["HEADS", "REFUSED"]

# Each is answered with status 200 by an application that answers everything.
HEADS = (
    b"GET / HTTP/1.1\r\nHost: here\r\n\r\n",
    b"GET /a%2Fb%20c/%C3%A9/%ff/?q=%20&r=%2B&&s HTTP/1.1\r\nHost: here\r\n\r\n",
    b"GET //double//slash/../x/./y/ HTTP/1.1\r\nHost: here\r\n\r\n",
    b"GET /chatroom HTTP/1.1\r\nHost: here\r\n\r\n",
    b"GET /%63hatroom?%63 HTTP/1.1\r\nHost: here\r\n\r\n",
    b"GET http://elsewhere:81/absolute?x HTTP/1.1\r\nHost: elsewhere:81\r\n\r\n",
    b"GET http://elsewhere HTTP/1.1\r\nHost: elsewhere\r\n\r\n",
    b"GET /old HTTP/1.0\r\n\r\n",
    b"GET /old HTTP/1.0\r\nHost: [::1]:8080\r\n\r\n",
    b"GET /many HTTP/1.1\r\nHost: here\r\nX: 1\r\nx: 2\r\nCookie: a=1\r\nCookie: b=2\r\nAccept: */*\r\nX_Y: z\r\n\r\n",
    b"GET /latin HTTP/1.1\r\nHost: here\r\nX: \xe9\xff \xc3\xa9\r\nY:\r\nZ: \t a \t\r\n\r\n",
    b"GET /long HTTP/1.1\r\nHost: here\r\nX: " + b"v" * 9000 + b"\r\n\r\n",
    b'GET /json HTTP/1.1\r\nHost: here\r\nX: "\\\x7e{}\r\n\r\n',
    b'DELETE /thing?a=b HTTP/1.1\r\nHost: here:81\r\nAuthorization: Basic YTpi\r\nIf-Match: "x"\r\n\r\n',
    b"POST /none HTTP/1.1\r\nHost: here\r\nContent-Length: 0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n",
    b"PUT /form HTTP/1.1\r\nHost: here\r\nContent-Length: 3\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\na=b",
    b"PATCH /chunks HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n"
    b"3\r\nabc\r\n0\r\nX: y\r\n\r\n",
    b"POST /binary HTTP/1.1\r\nHost: here\r\nContent-Length: 4\r\n\r\n\x00\xff\r\n",
    b"GET /proxied HTTP/1.1\r\nHost: here\r\nX-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\n"
    b"X-Forwarded-Prefix: /mix\r\n\r\n",
    b"GET /proxied HTTP/1.1\r\nHost: here\r\nX-Forwarded-For: 2001:db8::1, 127.0.0.1\r\n\r\n",
)

# What has two meanings, or no end, and the status of its refusal.
REFUSED = [
    (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", 400),
    (b"POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5;\x00\r\nhello\r\n0\r\n\r\n", 400),
    (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y\n\n", 400),
    (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nhello\r\n\r\n", 400),
    (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: y\r\n" * 200 + b"\r\n", 431),
    (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"1" * 5000 + b"\r\n\r\n", 413),
    (b"GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n", 400),
    (b"GET / HTTP/1.1\nHost: x\n\n", 400),
    (b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: x\r\nX: \x00\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: <x>\r\n\r\n", 400),
    (b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n\r\n", 414),
    (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 200_000 + b"\r\n\r\n", 431),
    (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 200 + b"\r\n", 431),
    (b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n", 501),
    (b"TRACE / HTTP/1.1\r\nHost: x\r\n\r\n", 501),
    (b"\x16\x03\x01\x02\x00", 400),
]
