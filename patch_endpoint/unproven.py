"""What the endpoint accepted and has not proven to serve yet. Pure.

Mostly that is what is desired. Where that was refused, what was accepted before it goes on serving,
and a 200 was no proof of it either.
"""

from msgspec.structs import replace

from patch_endpoint.history import that_brought
from patch_endpoint.record import Deployment, Record


def accepted(record: Record) -> Deployment | None:
    """Find what is desired or, where that was refused, what was accepted before and serves on."""
    desired, serving = record.desired, record.serving
    if desired is None or desired.state != "refused":
        return desired
    served = that_brought(record, serving) if serving else None
    if served is None or served.state != "superseded" or served.patched_at is None:
        return None
    return served


def unproven(record: Record) -> Deployment | None:
    """Find the accepted model that nothing has proven yet; None: there is none."""
    one = accepted(record)
    if one is None or one.live_at is not None:
        return None
    return one if one.state in {"patched", "superseded"} else None


def another_may_answer(record: Record) -> bool:
    """Say whether a PATCH without an answer may put another model in the place of ours.

    Then ours is sent once more, and no answer before that is one of ours for certain. Where the
    endpoint refuses to take ours again that may never be: then what answers is believed all the
    same, as a wrong answer is best gone back from, whoever gave it.
    """
    if record.serving is not None and record.serving.resend_refused:
        return False
    return record.is_to_be_repeated


def with_unproven(record: Record, deployment: Deployment) -> Record:
    """Put *deployment*, as it is by now, where it stands: it is desired, or was."""
    if record.desired is not None and record.desired.is_same(deployment):
        return replace(record, desired=deployment)
    history = tuple(
        replace(past, deployment=deployment) if past.deployment.is_same(deployment) else past
        for past in record.history
    )
    return replace(record, history=history)
