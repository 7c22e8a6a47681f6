"""tools/system-packages, on a PATH where apt-get only notes what it is asked for."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.builds import PROJECT

# apt-get notes its words, and what is installed is there afterwards.
APT_GET = """#!/bin/sh
echo "$@" >>"{log}"
for word in "$@"; do [ "$word" = chromium ] && ln -s /bin/true "{bin}/chromium"; done
exit {status}
"""
OLD_PYTHON = """#!/bin/sh
case "$1" in -V) echo Python 3.9.2 ;; *) exit 1 ;; esac
"""
SOUND_PYTHON = "#!/bin/sh\nexit 0\n"
PYTHON_WITHOUT_ENSUREPIP = """#!/bin/sh
case "$2" in *ensurepip*) exit 1 ;; *print*) echo python3.11-venv ;; esac
"""


class Machine:
    """A folder that is the whole PATH: the programs that the script itself needs, and those that a test adds."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder
        self.environ = {"PATH": str(folder), "SBIN": str(folder / "sbin"), "POSTGRESQL": str(folder / "postgresql")}
        self.apt_log = folder / "apt.log"
        for name in ("sh", "env", "mktemp", "rm", "tail", "ln", "chmod"):
            found = shutil.which(name)
            assert found
            (folder / name).symlink_to(found)
        self.add("id", "#!/bin/sh\necho 0\n")

    def add(self, name: str, script: str) -> None:
        program = self.bin / name
        program.write_text(script)
        program.chmod(0o700)

    def add_apt_get(self, status: int = 0) -> None:
        self.add("apt-get", APT_GET.format(log=self.apt_log, bin=self.bin, status=status))

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        script = PROJECT / "tools" / "system-packages"
        return subprocess.run([script, *words], env=self.environ, capture_output=True, text=True, timeout=60)

    def files(self) -> list[str]:
        """The names in the folder of programs for root."""
        return sorted(path.name for path in (self.bin / "sbin").iterdir())

    def installed(self) -> list[str]:
        return self.apt_log.read_text().splitlines() if self.apt_log.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_where_nothing_is_missing_nothing_is_done_or_printed(machine: Machine) -> None:
    machine.add_apt_get()
    machine.add("npm", SOUND_PYTHON)
    machine.add("python3", SOUND_PYTHON)

    done = machine.run("python", "venv", "npm")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert machine.installed() == []


def test_root_installs_all_that_is_missing_at_once(machine: Machine) -> None:
    machine.add_apt_get()
    machine.add("python3", PYTHON_WITHOUT_ENSUREPIP)

    done = machine.run("python", "venv", "npm", "chromium")

    assert done.returncode == 0, done.stderr
    assert machine.installed() == ["update", "install --yes --no-install-recommends python3.11-venv npm chromium"]


def test_a_compiler_without_the_headers_of_the_library_is_not_enough(machine: Machine) -> None:
    machine.add("gcc", "#!/bin/sh\nexit 1\n")

    done = machine.run("gcc")

    assert (done.returncode, done.stderr) == (1, "system-packages: please install: gcc libc6-dev\n")


def test_another_user_without_sudo_is_told_what_to_install(machine: Machine) -> None:
    machine.add_apt_get()
    machine.add("id", "#!/bin/sh\necho 1000\n")

    done = machine.run("npm", "chromium")

    assert (done.returncode, done.stderr) == (1, "system-packages: please install: npm chromium\n")
    assert machine.installed() == []


def test_a_sudo_that_asks_for_no_password_is_used(machine: Machine) -> None:
    machine.add_apt_get()
    machine.add("id", "#!/bin/sh\necho 1000\n")
    machine.add("sudo", '#!/bin/sh\nshift\nexec "$@"\n')
    machine.add("true", SOUND_PYTHON)

    assert machine.run("npm").returncode == 0

    assert machine.installed() == ["update", "install --yes --no-install-recommends npm"]


def test_without_apt_get_one_line_says_what_to_install(machine: Machine) -> None:
    done = machine.run("chromium")

    assert (done.returncode, done.stderr) == (1, "system-packages: please install: chromium\n")


def test_the_chromium_of_playwright_is_accepted(machine: Machine, tmp_path: Path) -> None:
    machine.environ["PLAYWRIGHT_BROWSERS_PATH"] = str(tmp_path)
    (tmp_path / "chromium-1234").mkdir()

    assert machine.run("chromium").returncode == 0


def test_a_program_for_root_is_found_outside_the_path(machine: Machine) -> None:
    machine.add("nginx", SOUND_PYTHON)
    (machine.bin / "sbin").mkdir()
    machine.add("sbin/haproxy", SOUND_PYTHON)

    done = machine.run("nginx", "haproxy", "logrotate")

    assert (done.returncode, done.stderr) == (1, "system-packages: please install: logrotate\n")


def test_promtool_comes_with_prometheus(machine: Machine) -> None:
    machine.add_apt_get()

    assert machine.run("promtool").returncode == 0

    assert machine.installed()[-1].endswith(" prometheus")


def test_a_postgresql_of_any_release_is_found_outside_the_path(machine: Machine) -> None:
    machine.add_apt_get()

    assert machine.run("postgresql").returncode == 0
    assert machine.installed()[-1].endswith(" postgresql")

    (machine.bin / "postgresql" / "16" / "bin").mkdir(parents=True)
    machine.add("postgresql/16/bin/initdb", SOUND_PYTHON)
    machine.apt_log.unlink()

    assert machine.run("postgresql").returncode == 0
    assert machine.installed() == []


def test_no_daemon_is_started_by_an_installation(machine: Machine) -> None:
    machine.add_apt_get()
    (machine.bin / "sbin").mkdir()
    machine.add("apt-get", f'#!/bin/sh\n[ "$1" = update ] || "{machine.bin}/sbin/policy-rc.d" prometheus start\n')

    done = machine.run("promtool")

    # The status by which invoke-rc.d is forbidden to start anything is that of this apt-get.
    assert done.returncode == 1
    assert machine.files() == []


def test_a_policy_of_the_machine_itself_is_left_alone(machine: Machine) -> None:
    machine.add_apt_get()
    (machine.bin / "sbin").mkdir()
    machine.add("sbin/policy-rc.d", SOUND_PYTHON)

    assert machine.run("promtool").returncode == 0

    assert machine.files() == ["policy-rc.d"]
    assert (machine.bin / "sbin" / "policy-rc.d").read_text() == SOUND_PYTHON


def test_a_missing_optional_package_does_not_fail(machine: Machine) -> None:
    done = machine.run("--optional", "npm")

    assert (done.returncode, done.stderr) == (0, "system-packages: please install: npm\n")


def test_one_line_names_what_apt_get_cannot_install(machine: Machine) -> None:
    machine.add_apt_get(status=100)

    done = machine.run("npm")

    assert (done.returncode, done.stderr) == (1, "system-packages: please install: npm\n")


def test_an_old_python_is_refused(machine: Machine) -> None:
    machine.add("python3", OLD_PYTHON)

    done = machine.run("venv")

    assert done.returncode == 1
    assert "Python 3.9.2 is too old; Python 3.11 or newer is needed" in done.stderr


def test_an_unknown_need_is_refused(machine: Machine) -> None:
    assert machine.run("nodejs").returncode == 2
