"""A JMESPath expression of the endpoints file."""

from settings.table import text


def expression(value: object) -> str:
    """Read an expression.

    Raises:
        ValueError: It is none; the message says where to look.
    """
    # jmespath is only needed where an expression is: not on everybody's cold start.
    import jmespath.exceptions  # noqa: PLC0415 - see above

    try:
        jmespath.compile(text(value))
    except jmespath.exceptions.JMESPathError as error:
        # The error's own text quotes the expression, and a fault quotes no value.
        position = getattr(error, "lex_position", getattr(error, "lexer_position", None))
        where = "" if position is None else f": look at column {position + 1}"
        raise ValueError(f"is no JMESPath expression{where}") from None
    return text(value)
