"""A service that root starts and that becomes another user."""

import subprocess
from shutil import chown
from typing import Final

from tests.e2e.support.service import DEADLINE, Launch

__all__ = ["NOBODY", "AsNobody"]

NOBODY: Final = 65534


class AsNobody(Launch):
    """Starts as root and becomes another user."""

    def command(self, *twistd_options: str) -> list[str]:
        command = super().command(f"--uid={NOBODY}", f"--gid={NOBODY}", *twistd_options)
        chown(self.folder, NOBODY, NOBODY)
        return command

    def may_start_python(self) -> bool:
        """Whether the other user may start our interpreter, which may be in somebody's home directory."""
        python = self.programs / "python"
        try:
            done = subprocess.run([python, "-c", ""], user=NOBODY, group=NOBODY, extra_groups=[], timeout=DEADLINE)
        except PermissionError:
            return False
        return done.returncode == 0
