from __future__ import annotations

import os
from pathlib import Path

import pytest

from workflow.environments import EnvironmentUnavailableError
from workflow.environments.sources import Sources, configured, wheelhouse
from workflow.sandbox import Network

WORD = "pass" + "-word-" + "7f3a"


def of(**variables: str) -> Sources:
    """Return the sources of a user with these variables and no configuration file."""
    return configured({"PIP_CONFIG_FILE": os.devnull, **variables})


def test_wheelhouse_needs_no_network(tmp_path: Path) -> None:
    """A folder of wheels is all that the build sees, and nothing of pip's configuration counts."""
    found = wheelhouse(str(tmp_path))
    assert found.network is Network.NONE
    assert found.folders == (tmp_path,)
    assert found.env["PIP_NO_INDEX"] == "1"


def test_wheelhouse_is_known_by_its_wheels(tmp_path: Path) -> None:
    """A new wheel makes another environment possible; another file does not."""
    before = wheelhouse(str(tmp_path)).identity
    (tmp_path / "notes.txt").write_text("")
    assert wheelhouse(str(tmp_path)).identity == before
    (tmp_path / "one-1-py3-none-any.whl").write_text("")
    assert wheelhouse(str(tmp_path)).identity != before


@pytest.mark.parametrize("place", ["relative", "/nowhere/at/all"])
def test_wheelhouse_must_be_a_folder(place: str) -> None:
    """A path that is none is an error that names the variable."""
    with pytest.raises(EnvironmentUnavailableError, match=place) as caught:
        wheelhouse(place)
    assert "WORKFLOW_WHEELHOUSE" in caught.value.hint


@pytest.mark.parametrize("deep", [".", ".."])
def test_home_is_no_wheelhouse(deep: str) -> None:
    """The home folder is not shown to a build, nor anything that it lies in."""
    with pytest.raises(EnvironmentUnavailableError, match="home folder"):
        wheelhouse(str(Path.home() / deep))


def test_without_settings_it_is_the_public_index() -> None:
    """The public index is pip's default, and needs the network."""
    found = of()
    assert found.network is Network.HOST
    assert found.told == "pip's own index"


def test_local_places_need_no_network(tmp_path: Path) -> None:
    """An index and wheels in folders are shown read-only; the index with the files beside it."""
    index, links = tmp_path / "mirror" / "simple", tmp_path / "wheels"
    index.mkdir(parents=True)
    links.mkdir()
    found = of(PIP_INDEX_URL=index.as_uri(), PIP_FIND_LINKS=str(links))
    assert found.network is Network.NONE
    assert set(found.folders) == {tmp_path / "mirror", links}
    assert found.env["PIP_INDEX_URL"] == index.as_uri()


def test_credentials_stay_out_of_what_is_told() -> None:
    """A password of an address goes to pip alone, and is taken out of what pip prints."""
    address = f"https://user:{WORD}@index.example.test:8443/simple/"
    found = of(PIP_INDEX_URL=address)
    assert found.env["PIP_INDEX_URL"] == address
    assert WORD not in f"{found!r} {found.told} {found.identity}"
    assert found.told == "https://index.example.test:8443/simple/"
    assert WORD not in found.scrubbed(f"Looking in {address}, password {WORD}")


def test_another_password_is_the_same_place() -> None:
    """What is kept does not depend on a password, which changes."""
    first = of(PIP_INDEX_URL=f"https://user:{WORD}@index.example.test/simple/")
    assert first.identity == of(PIP_INDEX_URL="https://index.example.test/simple/").identity


def test_passwords_of_netrc_are_for_their_host(tmp_path: Path) -> None:
    """`.netrc` gives the account of an index, and none of another host."""
    file = tmp_path / "netrc"
    file.write_text(f"machine index.example.test login me password {WORD}\n")
    file.chmod(0o600)
    mine = of(NETRC=str(file), PIP_INDEX_URL="https://index.example.test/simple/")
    assert mine.env["PIP_INDEX_URL"] == f"https://me:{WORD}@index.example.test/simple/"
    assert WORD not in mine.told
    other = of(NETRC=str(file), PIP_INDEX_URL="https://other.example.test/simple/")
    assert WORD not in str(dict(other.env))


def test_configuration_files_count_in_pips_order(tmp_path: Path) -> None:
    """The user's file comes before the variables, which win; `[install]` wins over `[global]`."""
    (tmp_path / ".config" / "pip").mkdir(parents=True)
    (tmp_path / ".config" / "pip" / "pip.conf").write_text(
        "[global]\nindex_url = https://one.example.test/\ntimeout = 3\n"
        "[install]\nindex_url = https://two.example.test/\n"
    )
    found = configured({"HOME": str(tmp_path)})
    assert found.env["PIP_INDEX_URL"] == "https://two.example.test/"
    assert found.env["PIP_TIMEOUT"] == "3"
    over = configured({"HOME": str(tmp_path), "PIP_INDEX_URL": "https://three.example.test/"})
    assert over.env["PIP_INDEX_URL"] == "https://three.example.test/"


def test_no_index_is_followed(tmp_path: Path) -> None:
    """`no-index` leaves the folders alone, without a network."""
    found = of(PIP_NO_INDEX="true", PIP_FIND_LINKS=str(tmp_path))
    assert (found.network, found.folders) == (Network.NONE, (tmp_path,))
    assert "PIP_INDEX_URL" not in found.env


def test_certificate_goes_inside_by_its_content(tmp_path: Path) -> None:
    """The certificates that pip is configured with are shown as files of the build's own."""
    (tmp_path / "ca.pem").write_text("certificate")
    found = of(PIP_CERT=str(tmp_path / "ca.pem"))
    assert (found.env["PIP_CERT"], b"certificate") in found.files


def test_relative_place_is_refused() -> None:
    """A relative path would depend on where the command was started."""
    with pytest.raises(EnvironmentUnavailableError, match="no absolute path"):
        of(PIP_FIND_LINKS="wheels")
