"""A person's word: heard, carried out or turned down, and told in the log either way.

A record keeps the word that led to what is desired. The log keeps every word: also a release that
found nothing to deploy, one that was turned down, and a dry run.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Literal

import azure.functions as func
import msgspec

from http_api.answers import ProblemError
from settings.fault import SettingsError
from state.storage_errors import StorageError
from telemetry.events import emit

_log = logging.getLogger(__name__)

type Verb = Literal["redeploy", "rollback", "release", "retrain", "cancel", "create"]


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """What a person asks for.

    Attributes:
        verb: What is to be done.
        endpoint: To which endpoint.
        by: Who asks, as far as the platform tells.
        reason: Why, without secrets.
        dry_run: Whether only a plan is asked for.
        named: The model or the job that is named, if one is.
    """

    verb: Verb
    endpoint: str
    by: str
    dry_run: bool
    reason: str | None = None
    named: str | None = None


class Done(msgspec.Struct, frozen=True):
    """What became of a word.

    Attributes:
        verdict: In one constant word: a plan's decision, or the state that came of it.
        response: The answer.
    """

    verdict: str
    response: func.HttpResponse


def heard(word: Word, at: datetime, carry_out: Callable[[], Done]) -> func.HttpResponse:
    """Have *word* carried out, and tell who said it, when, why, and what became of it.

    Raises:
        ProblemError: It was turned down.
        SettingsError: A setting stands in the way.
        StorageError: It could not be recorded.
    """
    try:
        done = carry_out()
    except ProblemError as error:
        _tell(word, at, "turned_down", status=error.status, message=error.detail)
        raise
    except (SettingsError, StorageError) as error:
        _tell(word, at, "failed", message=error)
        raise
    _tell(word, at, done.verdict, status=done.response.status_code)
    return done.response


def _tell(
    word: Word, at: datetime, verdict: str, *, status: int | None = None, message: object = None
) -> None:
    emit(
        _log,
        "person.asked",
        verb=word.verb,
        endpoint=word.endpoint,
        named=word.named,
        by=word.by,
        reason=word.reason,
        at=at.isoformat(),
        dry_run=word.dry_run,
        verdict=verdict,
        status=status,
        message=message,
    )
