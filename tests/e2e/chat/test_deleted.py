"""What a moderator deletes is gone from all files of the running service, also after a kill directly afterwards."""

from pathlib import Path

from werkzeug.security import generate_password_hash

from tests.e2e.support.chatter import Chatter
from tests.e2e.support.moderator import moderate
from tests.e2e.support.service import Launch, Service
from tests.e2e.support.waiting import wait_until

SECRET = "the telephone number is 555-0123"
PASSWORD = "correct horse"


def files_with_it(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir() if file.is_file() and SECRET.encode() in file.read_bytes())


def delete(service: Service, number: int) -> None:
    """Delete a message of the lobby."""
    moderate(service, PASSWORD, type="delete", room="lobby", number=number)


def test_a_deleted_text_is_gone_within_seconds_and_after_a_kill(launch: Launch) -> None:
    launch = launch.having(chat={"moderators": f"Mona: {generate_password_hash(PASSWORD, method='scrypt')}"})
    with Service(launch) as service, Chatter(service.port, "Ann") as ann:
        number = ann.say(SECRET)
        assert files_with_it(launch.folder)
        delete(service, number)
        wait_until(lambda: not files_with_it(launch.folder), "the text is still there")

        number = ann.say(SECRET)
        delete(service, number)
        service.kill()

    with Service(launch) as service:
        assert service.port
        assert files_with_it(launch.folder) == []
