"""A body that comes in chunks: twisted.web's decoder, which trusts trailers; here they are checked like headers."""

from twisted.web.http import _ChunkedTransferDecoder

from mixsvc.http.errors import Refused
from mixsvc.http.fields import check_trailers
from mixsvc.http.head import BARE_LF, MOST_HEAD

__all__ = ["Chunks"]


class Chunks(_ChunkedTransferDecoder):
    """Leaves the trailers out, when there is but one reading of where they end."""

    def _dataReceived_TRAILER(self) -> bool:
        """Called with something in the buffer; whether there may be more to do. Raises Refused."""
        # With the end of the line before.
        data = b"\r\n" + self._buffer
        end = data.find(b"\r\n\r\n")
        if (end if end >= 0 else len(self._buffer)) > MOST_HEAD:
            raise Refused(431, f"The trailers of the body are too long: this server takes {MOST_HEAD} bytes.")
        if end < 0:
            if BARE_LF.search(data):
                raise Refused(400, "A line of the trailers ends without a carriage return.")
            return False
        check_trailers(data[2 : end + 2])
        del self._buffer[:]
        self.state = "FINISHED"
        self.finishCallback(data[end + 4 :])
        return False
