"""The route for every path that no other route is for.

Starlette's own `{rest:path}` takes no line break, which a path may well have, percent-encoded; what
it does not take is answered by the router itself, with a text of its own.
"""

from typing import Final, override

from starlette.convertors import Convertor, register_url_convertor

ANY_PATH: Final = "/{rest:anything}"


class _Anything(Convertor[str]):
    regex = r"[\s\S]*"

    @override
    def convert(self, value: str) -> str:
        return value

    @override
    def to_string(self, value: str) -> str:
        return value


register_url_convertor("anything", _Anything())
