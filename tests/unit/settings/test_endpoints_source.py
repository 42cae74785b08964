"""The endpoints file as it is now, or as it last made sense."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from settings.fault import SettingsError
from state.endpoints_source import LOOK_AGAIN_AFTER, AppFolder, EndpointsSource, Folder
from state.storage_errors import UnavailableError
from tests.unit.settings.endpoints_text import KEYS, LEAST, PROTOCOLS, REQUEST, TRAININGS, WHOLE

BEGIN = datetime(2026, 11, 23, 10, tzinfo=UTC)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> datetime:
        """Give the time."""
        return self.now


class MemoryFolder:
    """Files in memory, which count how often each is read, and which may fail."""

    def __init__(self, **files: bytes) -> None:
        self.files = {name.replace("_", "."): content for name, content in files.items()}
        self.reads: list[str] = []
        self.error: Exception | None = None

    def version(self, now: datetime) -> str | None:
        """Say what changes with the endpoints file."""
        del now
        content = self.files.get("endpoints.toml")
        return None if content is None else str(hash(content))

    def read(self, name: str) -> bytes:
        """Read a file."""
        self.reads.append(name)
        if self.error is not None:
            raise self.error
        try:
            return self.files[name]
        except KeyError as error:
            raise FileNotFoundError(2, "No such file or directory", name) from error


def _source(folder: Folder, now: Clock | None = None) -> EndpointsSource:
    return EndpointsSource(
        folder,
        "endpoints.toml",
        environ=KEYS,
        protocols=PROTOCOLS,
        trainings=TRAININGS,
        now=now or Clock(),
    )


def _where(source: EndpointsSource) -> list[str]:
    return [fault.where for fault in source.faults()]


def test_a_file_is_read_once_until_it_changes() -> None:
    folder = MemoryFolder(endpoints_toml=LEAST.encode())
    source = _source(folder)

    first, second = source.current(), source.current()
    folder.files["endpoints.toml"] = LEAST.replace("census]", "credit]").encode()
    third = source.current()

    assert first is second
    assert (list(first.by_name), list(third.by_name)) == (["census"], ["credit"])
    assert folder.reads == ["endpoints.toml"] * 2


@pytest.mark.parametrize(
    "content", [b"[endpoints", b"\xff\xfe", None], ids=["toml", "text", "gone"]
)
def test_the_last_good_one_stays_in_force_and_the_fault_is_told(content: bytes | None) -> None:
    folder = MemoryFolder(endpoints_toml=LEAST.encode())
    source = _source(folder)
    good = source.current()

    if content is None:
        del folder.files["endpoints.toml"]
    else:
        folder.files["endpoints.toml"] = content

    assert source.current() is good
    assert _where(source) == ["ENDPOINTS_FILE"]


def test_a_file_that_was_mended_comes_into_force_and_the_fault_goes() -> None:
    folder = MemoryFolder(endpoints_toml=b"[endpoints")
    source = _source(folder)
    with pytest.raises(SettingsError, match="ENDPOINTS_FILE: is no TOML"):
        source.current()

    folder.files["endpoints.toml"] = LEAST.encode()

    assert list(source.current().by_name) == ["census"]
    assert source.faults() == ()


def test_a_file_that_comes_back_unchanged_has_no_fault() -> None:
    folder = MemoryFolder(endpoints_toml=LEAST.encode())
    source = _source(folder)
    source.current()
    content = folder.files.pop("endpoints.toml")
    assert _where(source) == ["ENDPOINTS_FILE"]

    folder.files["endpoints.toml"] = content

    assert source.faults() == ()


def test_without_any_good_file_the_faults_are_the_error() -> None:
    with pytest.raises(SettingsError, match="ENDPOINTS_FILE: names a file that is not there"):
        _source(MemoryFolder()).current()


def test_a_fault_of_one_endpoint_does_not_keep_the_last_good_file_in_force() -> None:
    folder = MemoryFolder(endpoints_toml=LEAST.encode())
    source = _source(folder)
    source.current()

    folder.files["endpoints.toml"] = (LEAST + "keep = 'x'").encode()

    assert source.current().by_name["census"].faults
    assert _where(source) == ["endpoints.census.keep"]


def test_a_file_with_a_byte_order_mark_is_read_like_any_other() -> None:
    folder = MemoryFolder(endpoints_toml=b"\xef\xbb\xbf" + LEAST.encode())

    assert list(_source(folder).current().by_name) == ["census"]


def test_after_storage_failed_the_next_call_reads_again() -> None:
    folder = MemoryFolder(endpoints_toml=LEAST.encode())
    folder.error = UnavailableError("read the endpoints file", 503)
    source = _source(folder)
    with pytest.raises(UnavailableError):
        source.current()

    folder.error = None

    assert list(source.current().by_name) == ["census"]


def test_a_failure_while_a_new_file_is_read_is_not_taken_for_the_new_file() -> None:
    folder = MemoryFolder(endpoints_toml=LEAST.encode())
    source = _source(folder)
    source.current()
    folder.files["endpoints.toml"] = LEAST.replace("census]", "credit]").encode()
    folder.error = UnavailableError("read the endpoints file", 503)
    with pytest.raises(UnavailableError):
        source.current()

    folder.error = None

    assert list(source.current().by_name) == ["credit"]


def test_a_request_that_comes_after_the_file_mends_its_fault_within_half_a_minute() -> None:
    now = Clock()
    folder = MemoryFolder(endpoints_toml=WHOLE.encode())
    source = _source(folder, now)
    assert _where(source) == ["endpoints.census.smoke_test.request"]

    folder.files["smoke/census.json"] = REQUEST
    now.now += LOOK_AGAIN_AFTER - timedelta(seconds=1)
    before = _where(source)
    now.now += timedelta(seconds=1)
    after = _where(source)

    assert (before, after) == (["endpoints.census.smoke_test.request"], [])
    assert source.current().by_name["census"].faults == ()


def _tested_source(folder: MemoryFolder) -> EndpointsSource:
    """A source whose endpoint `census` has a smoke test and no fault; reads are counted anew."""
    folder.files |= {"endpoints.toml": WHOLE.encode(), "smoke/census.json": REQUEST}
    source = _source(folder)
    assert source.faults() == ()
    folder.reads.clear()
    return source


def test_a_request_that_was_edited_is_read_anew_for_the_endpoint_that_is_worked_on() -> None:
    folder = MemoryFolder()
    source = _tested_source(folder)

    folder.files["smoke/census.json"] = b'{"edited": true}'
    census = source.endpoint("census")

    assert census is not None
    assert census.smoke_test is not None
    assert census.smoke_test.request == b'{"edited": true}'
    assert source.current().by_name["census"] is census


def test_a_request_that_did_not_change_has_the_file_not_read_again() -> None:
    folder = MemoryFolder()
    source = _tested_source(folder)

    assert source.endpoint("census") is source.current().by_name["census"]
    assert folder.reads == ["smoke/census.json"]


def test_requests_cost_nothing_as_long_as_no_endpoint_is_worked_on() -> None:
    """An idle tick is constant, however many smoke tests there are."""
    folder = MemoryFolder()
    source = _tested_source(folder)

    source.current()
    source.faults()

    assert folder.reads == []


@pytest.mark.parametrize("content", [None, b"{"], ids=["gone", "no JSON"])
def test_a_request_that_was_broken_is_a_fault_until_it_is_mended(content: bytes | None) -> None:
    now, folder = Clock(), MemoryFolder()
    folder.files |= {"endpoints.toml": WHOLE.encode(), "smoke/census.json": REQUEST}
    source = _source(folder, now)
    assert source.faults() == ()

    if content is None:
        del folder.files["smoke/census.json"]
    else:
        folder.files["smoke/census.json"] = content
    broken = source.endpoint("census")
    folder.files["smoke/census.json"] = REQUEST
    now.now += LOOK_AGAIN_AFTER
    mended = source.endpoint("census")

    assert broken is not None
    assert mended is not None
    assert [fault.where for fault in broken.faults] == ["endpoints.census.smoke_test.request"]
    assert mended.faults == ()


def test_a_request_that_cannot_be_looked_at_is_an_error_of_the_storage() -> None:
    folder = MemoryFolder()
    source = _tested_source(folder)
    folder.error = UnavailableError("read the endpoints file", 503)

    with pytest.raises(UnavailableError):
        source.endpoint("census")


def test_an_endpoint_that_is_not_in_the_file_is_none() -> None:
    assert _tested_source(MemoryFolder()).endpoint("nobody") is None


def test_a_folder_of_the_app_reads_what_is_beside_the_file(tmp_path: Path) -> None:
    file = tmp_path / "config" / "endpoints.toml"
    (file.parent / "smoke").mkdir(parents=True)
    source = _source(AppFolder(file))
    missing = _where(source)

    (file.parent / "smoke" / "census.json").write_bytes(REQUEST)
    file.write_text(WHOLE, "utf-8")
    census = source.current().by_name["census"]

    assert missing == ["ENDPOINTS_FILE"]
    assert census.smoke_test is not None
    assert census.smoke_test.request == REQUEST


def test_a_file_of_the_app_is_read_again_when_it_changed(tmp_path: Path) -> None:
    file = tmp_path / "endpoints.toml"
    file.write_text(LEAST, "utf-8")
    source = _source(AppFolder(file))
    before = list(source.current().by_name)

    file.write_text(LEAST.replace("census]", "credit-risk]"), "utf-8")

    assert (before, list(source.current().by_name)) == (["census"], ["credit-risk"])


def test_a_folder_in_the_place_of_the_file_is_a_fault(tmp_path: Path) -> None:
    source = _source(AppFolder(tmp_path))

    assert _where(source) == ["ENDPOINTS_FILE"]
