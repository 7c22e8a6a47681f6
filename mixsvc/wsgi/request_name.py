"""What logs call a request."""

from mixsvc.common.hook_paths import without_hook_secret

__all__ = ["request_name"]


def request_name(method: str, path: str) -> str:
    """Returns the name of a request, such as GET /, without the secret of a webhook.

    path: as in an environ (PEP 3333), bytes as Latin-1.
    """
    if "/api/" in path:
        path = without_hook_secret(path.encode("latin-1")).decode("latin-1")
    return f"{method} {path}"
