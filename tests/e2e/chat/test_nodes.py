"""Two services on one PostgreSQL are one chat; what happens when one of them ends."""

import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from time import monotonic

import pytest
from websockets.exceptions import ConnectionClosedError
from werkzeug.security import generate_password_hash

from mixsvc.chat.protocol.events import BANNED
from tests.builds import PROJECT
from tests.e2e.support.chatter import Chatter
from tests.e2e.support.ecb import RATES_XML, Ecb
from tests.e2e.support.moderator import moderate
from tests.e2e.support.nodes import with_shared_secrets
from tests.e2e.support.operators import OPERATORS, admin_url, metric
from tests.e2e.support.service import DEADLINE, Config, Launch, Service, WithReactor, refused
from tests.e2e.support.steadfast import Steadfast
from tests.e2e.support.urls import get_text
from tests.e2e.support.waiting import wait_until
from tests.postgres import PASSWORD

Start = Callable[[Launch], Service]
TwoNodes = tuple[Service, Service]

MODERATOR_PASSWORD = "sesame"
MODERATOR = f"Mona: {generate_password_hash(MODERATOR_PASSWORD, method='scrypt:1024:8:1')}"

# No rate limit is reached here.
LIVELY = {"rate": "1000000", "burst": "1000000", "joins": "1000000", "moderators": MODERATOR}
BANK_ANSWERS = 'mixsvc_rates_source_state{source="ecb",state="good"}'
DEAD_AFTER = 2.0
NODES = {"heartbeat": "0.2", "dead_after": f"{DEAD_AFTER:g}"}


@pytest.fixture
def launch(programs: Path, config: Config, tmp_path: Path, url: str) -> Launch:
    made = Launch(programs, tmp_path / "a", config, environ={"PYTHONPATH": str(PROJECT)})
    return with_shared_secrets(made).having(storage={"url": url}, server=OPERATORS, chat=LIVELY, nodes=NODES)


@pytest.fixture
def nodes(launch: Launch, start: Start) -> TwoNodes:
    """They start at the same time, on a database without tables."""
    return start(launch), start(replace(launch, folder=launch.folder.with_name("b")))


def test_what_is_said_and_done_on_one_node_holds_on_the_other(nodes: TwoNodes, launch: Launch) -> None:
    a, b = nodes
    with Chatter(a.port, "Ann") as ann:
        with Chatter(b.port, "Bob") as bob:
            assert ann.wait_for("came")["name"] == "Bob"
            bob.wait_for_members("Ann")
            assert ann.say("on a") == 1
            assert bob.wait_for("message")["text"] == "on a"
            assert bob.say("on b") == 2
            assert [ann.wait_for("message")["text"] for _ in range(2)] == ["on a", "on b"]

            moderate(a, MODERATOR_PASSWORD, type="kick", room="lobby", name="Bob")

            assert bob.wait_for("kicked")["by"] == "Mona"
            assert ann.wait_for("kicked")["name"] == "Bob"
        with Chatter(b.port, "Bea") as bea:
            assert [each["number"] for each in bea.joined["messages"]] == [1, 2]
            assert ann.wait_for("came")["name"] == "Bea"
        assert ann.wait_for("went")["name"] == "Bea"

    assert [metric(admin_url(each), "mixsvc_nodes") for each in nodes] == [2, 2]
    stranger = replace(launch.having(web={"secret_key_file": ""}), folder=launch.folder.with_name("c"))
    assert "secret_key is not the same as on the other nodes" in refused(stranger)
    assert sum(metric(admin_url(each), "mixsvc_nodes_leader") for each in nodes) == 1
    assert PASSWORD not in a.log() + b.log()


def test_what_an_operator_does_on_one_node_holds_on_the_other(nodes: TwoNodes, launch: Launch) -> None:
    a, b = nodes

    def ctl(*words: str, folder: Path = launch.folder) -> str:
        """What `mixsvc ctl` prints in the folder of a node, which is the first one."""
        command = [str(launch.programs / "python"), "-m", "mixsvc", "ctl", *words]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=DEADLINE)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    with Chatter(b.port, "Bob") as bob:
        assert ctl("say", "lobby", "from the operator") == "said in lobby, as message 1\n"
        assert bob.wait_for("message")["text"] == "from the operator"
        ctl("mute", "Bob", "60")
        # The other node has heard of it.
        assert bob.wait_for("muted")["name"] == "Bob"
        bob.ask(type="say", room="lobby", text="muted")
        assert bob.wait_for("error")["code"] == "muted"
        ctl("kick", "lobby", "Bob")
        assert bob.wait_for("kicked")["name"] == "Bob"
        ctl("ban", "Bob", "60")
        with pytest.raises(ConnectionClosedError) as closed:
            bob.wait_for("nothing more")
    assert closed.value.rcvd is not None and closed.value.rcvd.code == BANNED
    assert "Bob" in ctl("bans")
    ctl("lift", "Bob")
    ctl("lift", "Bob", "mute")
    wait_until(
        lambda: "Bob" not in ctl("bans", folder=launch.folder.with_name("b")), "b does not hear that both are over"
    )
    with Chatter(b.port, "Bob") as bob:
        assert bob.joined["members"] == ["Bob"]


def test_nodes_under_different_reactors_are_one_chat(launch: Launch, start: Start) -> None:
    reactors = ("epoll", "asyncio", "gevent")
    launches = [
        WithReactor(launch.programs, launch.folder.with_name(each), launch.config, environ=launch.environ, reactor=each)
        for each in reactors
    ]
    nodes = [start(each) for each in launches]
    with ExitStack() as stack:
        chatters = [stack.enter_context(Chatter(node.port, name)) for node, name in zip(nodes, reactors, strict=True)]
        chatters[-1].wait_for_members(*reactors)
        for number, chatter in enumerate(chatters, 1):
            assert chatter.say(f"from {chatter.name}") == number
            for other in chatters:
                assert other.wait_for("message")["text"] == f"from {chatter.name}"
    assert "Traceback" not in "".join(node.log() for node in nodes)


def test_one_node_asks_the_bank_and_all_know_the_rates(nodes: TwoNodes, ecb: Ecb) -> None:
    def know(price: str) -> bool:
        return all(price in get_text(f"{each.url}/api/rates") for each in nodes)

    wait_until(lambda: sum(metric(admin_url(each), BANK_ANSWERS) for each in nodes) == 1, "nobody asks the bank")
    ecb.answer(body=RATES_XML.replace(b"1.1172", b"1.1234"))
    try:
        wait_until(lambda: know("1.1234"), "the bank's rates do not come to both")
    finally:
        ecb.answer()

    assert sum(metric(admin_url(each), BANK_ANSWERS) for each in nodes) == 1


def test_the_people_of_a_node_that_is_killed_go_in_time(nodes: TwoNodes) -> None:
    a, b = nodes
    with Chatter(b.port, "Bob") as bob:
        ann = Chatter(a.port, "Ann").__enter__()
        assert bob.wait_for("came")["name"] == "Ann"
        bob_has_lived = monotonic() + DEAD_AFTER
        wait_until(lambda: monotonic() > bob_has_lived, "time stands still")
        killed = monotonic()
        a.kill()

        assert bob.wait_for("went")["name"] == "Ann"
        assert monotonic() - killed < 2 * DEAD_AFTER
        with Chatter(b.port, "Ann") as again:
            assert again.joined["members"] == ["Ann", "Bob"]
        ann.socket.close_socket()

    wait_until(lambda: metric(admin_url(b), "mixsvc_nodes") == 1, "it still counts")
    wait_until(lambda: metric(admin_url(b), BANK_ANSWERS) == 1, "nobody asks the bank")


def test_a_node_that_stops_is_missed_by_nobody_who_moves_to_another(nodes: TwoNodes) -> None:
    a, b = nodes
    token = "a random text of hers"
    with Chatter(b.port, "Bob") as bob:
        ann = Steadfast([a.port], "Ann")
        ann.start()
        assert bob.wait_for("came")["name"] == "Ann"
        with Chatter(a.port, "Cleo", token):
            assert bob.wait_for("came")["name"] == "Cleo"
            ann.ports = [b.port]
            assert a.stop() == -15

        # Long after the others could have heard that she is gone.
        with Chatter(b.port, "Cleo", token) as cleo:
            wait_until(lambda: ann.connections > 1, "she does not come back")
            ann.finish()
            ann.wait()
            cleo.say("the last")

            told = bob.read_up_to(lambda message: message.get("text") == "the last")
            assert {each["type"] for each in told} == {"message"}

    assert ann.gaps == []
