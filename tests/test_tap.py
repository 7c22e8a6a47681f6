"""twistd's side: options, and the service that they make."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from twisted.application.app import ServerOptions

from mixsvc import facade
from mixsvc.service import MixService
from mixsvc.tap import Options, makeService
from tests.builds import PROJECT


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """Restores what was there before."""
    ours = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP, signal.SIGTERM, signal.SIGINT)
    before = {number: signal.getsignal(number) for number in ours}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(autouse=True)
def environment() -> Iterator[None]:
    """The programs that other tests start are not the service's."""
    yield
    os.environ.pop("MIXSVC_SERVICE", None)


def parsed(*words: str) -> Options:
    options = Options()
    options.parseOptions(words)
    return options


def test_without_options_nothing_is_given() -> None:
    assert parsed().given() == {}


def test_each_option_knows_its_setting_and_its_name() -> None:
    given = parsed("--port", "1", "--interface", "::", "--wsgi", "a:b").given()

    assert {place: (value.text, value.name) for place, value in given.items()} == {
        ("server", "port"): ("1", "--port"),
        ("server", "interface"): ("::", "--interface"),
        ("web", "wsgi"): ("a:b", "--wsgi"),
    }


def test_reload_is_given_without_a_value() -> None:
    assert parsed("--reload").given()["web", "reload"].text == "yes"


def test_listen_may_be_given_several_times() -> None:
    assert parsed("--listen", "tcp:1", "--listen", "tcp:2").given()["server", "listen"].text == "tcp:1\ntcp:2"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--prot", "80"], "there is no option --prot; did you mean --port?"),
        (["--prot=80"], "there is no option --prot; did you mean --port?"),
        (["--port", "80", "--intrface=::"], "there is no option --intrface; did you mean --interface?"),
        (["port", "80"], "there is no option port; did you mean --port?"),
        (["-q"], "there is no option -q; --help lists them"),
        (["--port"], "option --port requires argument"),
        (["--listen", " "], "--listen needs an endpoint, such as tcp:8080"),
        (
            ["--logfile=x"],
            "--logfile is an option of twistd; give it before the word mixsvc: twistd --logfile ... mixsvc",
        ),
        (["-d", "x"], "-d is an option of twistd; give it before the word mixsvc: twistd -d ... mixsvc"),
    ],
)
def test_a_mistake_in_the_options_ends_the_process_with_one_line(words: list[str], said: str) -> None:
    with pytest.raises(SystemExit) as ended:
        ServerOptions().parseOptions(["mixsvc", *words])

    assert ended.value.code == f"mixsvc: {said}"


SIGNALLED = """
import os, signal, sys
from twisted.plugins.mixsvc_plugin import mixsvc

signal.signal(signal.SIGINT, signal.SIG_IGN)
# As twistd does it when the command line names mixsvc; a finder is asked while mixsvc.tap is imported.
class Finder:
    def find_spec(self, name, *more):
        if name == "mixsvc.tap":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
mixsvc.options
"""


def test_signals_end_the_process_while_it_is_imported() -> None:
    done = subprocess.run([sys.executable, "-c", SIGNALLED], cwd=PROJECT, capture_output=True)

    assert (done.returncode, done.stderr) == (-signal.SIGINT, b"")


def test_the_service_is_made_and_not_started(tmp_path: Path) -> None:
    service = makeService(parsed("--port", "0"))

    assert isinstance(service, MixService)
    assert not service.running
    assert sorted(path.name for path in tmp_path.iterdir()) == ["api_token", "secret_key"]
    assert facade.mix.rates is service.facades.rates


def test_programs_that_the_application_starts_know_that_they_are_not_the_service() -> None:
    Path("theirs.py").write_text("import os\nfound = os.environ.get('MIXSVC_SERVICE')\ndef app(environ, start): ...\n")
    makeService(parsed("--port", "0", "--wsgi", "theirs:app"))

    try:
        assert sys.modules["theirs"].__dict__["found"] is not None
    finally:
        del sys.modules["theirs"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--port", "x"], "mixsvc: command line: --port = 'x' is not valid: give a whole number from 0 to 65535"),
        (["--config", "nowhere.ini"], "mixsvc: nowhere.ini: cannot be read (No such file or directory); "),
        (["--listen", "x"], "mixsvc: [server] listen: 'x' is not an endpoint ("),
        (["--wsgi", "nowhere:app"], "mixsvc: [web] wsgi = nowhere:app: importing nowhere failed with ModuleNotFound"),
        (["--config", "pairs.ini"], "mixsvc: [rates] pairs = EUR/USX: USX is not a currency known here; did you mean "),
        (["--config", "escape.ini"], r"mixsvc: escape.ini, line 2: [server] hosts = '\x1b[31m' is not valid:  [31m is"),
        (["--wsgi", "json:app"], "mixsvc: [web] wsgi = json:app: json has no WSGI application 'app'"),
    ],
)
def test_a_mistake_ends_the_process_with_one_line(words: list[str], said: str) -> None:
    Path("pairs.ini").write_text("[rates]\npairs = EUR/USX\n")
    Path("escape.ini").write_text("[server]\nhosts = \x1b[31m\n")

    with pytest.raises(SystemExit) as ended:
        makeService(parsed(*words))

    assert str(ended.value).startswith(said)
    assert "\n" not in str(ended.value)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def app(:", "[web] wsgi = theirs:app: importing theirs failed with SyntaxError: invalid syntax ("),
        (
            "import os; os.write(2, b'no memory\\n'); os.abort()",
            "[web] processes: a process that was to run the application ended by signal SIGABRT before it was ready: "
            "no memory",
        ),
    ],
)
def test_an_application_that_children_cannot_import_is_one_line(source: str, said: str) -> None:
    Path("theirs.py").write_text(source)
    Path("settings.ini").write_text("[web]\nprocesses = 2\n")

    with pytest.raises(SystemExit) as ended:
        makeService(parsed("--port", "0", "--wsgi", "theirs:app", "--config", "settings.ini"))

    assert str(ended.value).startswith(f"mixsvc: {said}")
    assert "\n" not in str(ended.value)
    # It is imported before anything is made.
    assert {path.name for path in Path().iterdir()} <= {"settings.ini", "theirs.py", "__pycache__"}


def test_an_application_that_children_can_import_is_not_imported_here() -> None:
    Path("theirs.py").write_text("def app(environ, start_response): raise NotImplementedError")
    Path("settings.ini").write_text("[web]\nprocesses = 1\n")

    service = makeService(parsed("--port", "0", "--wsgi", "theirs:app", "--config", "settings.ini"))

    assert isinstance(service, MixService)
    assert "theirs" not in sys.modules


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def app(:", "importing theirs failed with SyntaxError: invalid syntax (theirs.py, line 1)"),
        ("import sys; sys.exit('no')", "importing theirs failed with SystemExit: no ("),
        ("raise KeyboardInterrupt", "importing theirs failed with KeyboardInterrupt: ("),
        ("from mixsvc import mix; mix.rates", "importing theirs failed with RuntimeError: mixsvc does not run yet"),
        ("import crochet; crochet.setup(); app = 1", "app is an int, which cannot be called"),
    ],
)
def test_an_application_that_cannot_be_imported_is_one_line(source: str, said: str) -> None:
    Path("theirs.py").write_text(source)

    try:
        with pytest.raises(SystemExit) as ended:
            makeService(parsed("--port", "0", "--wsgi", "theirs:app"))
    finally:
        sys.modules.pop("theirs", None)

    assert str(ended.value).startswith(f"mixsvc: [web] wsgi = theirs:app: {said}")
    assert "\n" not in str(ended.value)
    # It is imported before anything is made.
    assert {path.name for path in Path().iterdir()} <= {"theirs.py", "__pycache__"}
