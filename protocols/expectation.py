"""Holds an answer against a JMESPath expression that must be true of it."""

from typing import Final

from protocols.classic_answers import json_of

UNREADABLE: Final = "the answer is not what `expect` can read"


def holds(expression: str, answer: bytes, **beside: object) -> bool | None:
    """Say whether *expression* is true of an answer; None: it cannot be read.

    Args:
        expression: JMESPath.
        answer: A body, which should be JSON.
        **beside: What stands beside the answer, which then is `answer`; without any, the expression
            is over the answer itself.
    """
    import jmespath.exceptions  # noqa: PLC0415 - only endpoints with an expression need it

    try:
        document = json_of(answer)
        found = jmespath.search(expression, {"answer": document, **beside} if beside else document)
    except (ValueError, RecursionError, jmespath.exceptions.JMESPathError):
        return None
    return found is True
