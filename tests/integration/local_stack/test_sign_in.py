"""What a local service gets of the user's own sign-in at Azure: nothing."""

from local_stack.stack import without_azure_sign_in


def test_the_users_azure_sign_in_stays_with_the_user() -> None:
    """With these the identity library would ask Azure for a real token, before any other way."""
    theirs = {"AZURE_CLIENT_ID": "i", "AZURE_TENANT_ID": "t", "AZURE_CLIENT_SECRET": "s"}

    assert without_azure_sign_in({**theirs, "PATH": "/bin"}) == {"PATH": "/bin"}
