"""What programs import from these packages: the public names and no others."""

from importlib import import_module
from types import ModuleType

import pytest

import mixsvc

PUBLIC = {
    "mixsvc": "__version__ app mix",
    "mixsvc.interfaces": """
        Authenticator ChatMessage ChatPage Conversion DeferToThread FoundMessage IAuthenticator IChat ICharts IMix
        IRateSource IRates Identity PriceHistory Quote RoomMessage RoomOverview SearchPage SourceHealth
        TypedCharts TypedChat TypedMix TypedRates
    """,
    "mixsvc.client": """
        BadUrl Banned BegunAnew ChatClient ChatMessage ChatPage ClientError Connecting Deleted Edited Ended
        FoundMessage Missed NotInside SearchPage
        NothingSaid Offline Online Options QueueFull Refused Removed RoomEvent State Stopped
    """,
}


def public(module: ModuleType) -> set[str]:
    """The names that a package has without an underscore, beside its submodules."""
    found = {name for name in vars(module) if not name.startswith("_")}
    return {name for name in found if not isinstance(getattr(module, name), ModuleType)}


@pytest.mark.parametrize("package", PUBLIC)
def test_a_package_promises_these_names_and_no_other(package: str) -> None:
    module = import_module(package)

    assert sorted(module.__all__) == sorted(PUBLIC[package].split())


@pytest.mark.parametrize("package", ["mixsvc.interfaces", "mixsvc.client"])
def test_a_package_has_its_public_names_and_no_others(package: str) -> None:
    assert public(import_module(package)) == set(PUBLIC[package].split())


def test_other_names_of_mixsvc_do_not_exist() -> None:
    # Its __getattr__ makes app and mix on first use, and must refuse the rest.
    assert not hasattr(mixsvc, "settings")
