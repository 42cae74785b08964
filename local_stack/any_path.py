"""The route for every path that no other route is for.

Starlette's own `{rest:path}` takes no line break, which a path may well have, percent-encoded; what
it does not take is answered by the router itself, with a text of its own.
"""

from typing import Final

from starlette.convertors import PathConvertor, register_url_convertor

ANY_PATH: Final = "/{rest:anything}"


class _Anything(PathConvertor):
    regex = r"[\s\S]*"


register_url_convertor("anything", _Anything())
