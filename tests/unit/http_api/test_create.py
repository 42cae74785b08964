"""What stands in the way of adding an endpoint is told before anything is asked of its service."""

import pytest

from tests.fakes.endpoints_folder import KEY_SETTING, table
from tests.fakes.small_app import asking, document, routes_of
from tests.fakes.small_world import NAME, SmallWorld

SERVICE = "https://studio.invalid/workspaces/w/webservices/s"
TOKEN = f'workspace_token = "%{KEY_SETTING}%"'


def told(patch_url: str, query: str = "") -> tuple[int, str]:
    text = table(NAME, more=TOKEN).replace(f"{SERVICE}/endpoints/{NAME}", patch_url)
    routes = routes_of(SmallWorld(text))
    answer = routes.create_endpoint(asking(f"POST endpoints/{NAME}/create{query}"))
    return answer.status_code, str(document(answer).get("detail"))


@pytest.mark.parametrize("query", ["", "?dry_run=true"])
@pytest.mark.parametrize(
    "path", ["", "/", f"/{NAME}", "/endpoints", "/endpoints/", "/endpoints/a/b", "/endpoints/a?b=c"]
)
def test_an_address_that_is_no_endpoint_of_a_service_is_a_fault_of_the_file(
    path: str, query: str
) -> None:
    status, detail = told(f"{SERVICE}{path}", query)

    assert (status, detail) == (
        422,
        f"endpoints.{NAME}.patch_url must end in /endpoints/<name>",
    )


@pytest.mark.parametrize("path", [f"/endpoints/{NAME}", f"/endpoints/{NAME}/"])
def test_an_address_that_is_one_is_planned_with(path: str) -> None:
    assert told(f"{SERVICE}{path}", "?dry_run=true")[0] == 200
