"""The phases of a connection.

A connection is in one phase at a time:

    phase      event                                   next phase   what is done
    ---------  --------------------------------------  -----------  ---------------------------------------------------
    IDLE       a byte that is no empty line            HEAD         the header timeout begins
    IDLE       idle (at first: header) timeout         CLOSING      close
    HEAD       the head is complete                    BODY         make the request; the transfer timeout begins
    HEAD       header timeout; the head is invalid     REFUSED      respond 408; 400, 414, 431, ...
    BODY       the body is complete, or there is none  RESPONSE     render the resource
    BODY       transfer timeout; the body is invalid   REFUSED      respond 408; 400, 413, 503
    RESPONSE   the response is written, keep-alive     IDLE         take the next request; the idle timeout begins
    RESPONSE   the response is written, no keep-alive  CLOSING      close
    RESPONSE   `upgrade` is called                     UPGRADED     another protocol has the connection; log 101
    RESPONSE   the client will send no more            LOST         drop it, unless a thread works on the response
    IDLE ...   the client will send no more            CLOSING      close (in UPGRADED: drop it)
    REFUSED    5 s                                     CLOSING      close; until then what comes is discarded
    CLOSING    5 s, over TLS                           CLOSING      close the TCP connection below
    any        write deadline                          LOST         abort (see WriteDeadline)
    any        the connection is lost                  LOST         forget it
"""

from typing import Final

__all__ = ["Phase"]


class Phase:
    """What a connection waits for; see the table of this module. Plain texts: each request looks many up."""

    IDLE: Final = "idle"
    HEAD: Final = "head"
    BODY: Final = "body"
    RESPONSE: Final = "response"
    REFUSED: Final = "refused"
    CLOSING: Final = "closing"
    UPGRADED: Final = "upgraded"
    LOST: Final = "lost"
