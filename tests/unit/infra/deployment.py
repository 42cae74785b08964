"""What a deployment of infra/ comes to: each module of Microsoft's and each resource, with values.

What a module of Microsoft's gives back is `Unknown`, but for its name: that is what it was given.
"""

import json
from pathlib import Path
from typing import Any, Final

import msgspec

from tests.unit.docs.markdown import ROOT
from tests.unit.infra.bicep import BicepFile, Declaration, Expression
from tests.unit.infra.bicep_functions import Unknown

INFRA: Final = ROOT / "infra"
MODULES: Final[dict[str, Any]] = json.loads((INFRA / "modules.json").read_text("utf-8"))
_REGISTRY: Final = "br/public:"


class Made(msgspec.Struct, frozen=True):
    """One thing that a deployment makes.

    Attributes:
        file: The Bicep file that says so.
        name: Its symbolic name there.
        source: A module of Microsoft's with its version, or a resource's type with its own.
        values: The module's parameters, or what the resource says.
    """

    file: str
    name: str
    source: str
    values: dict[str, Any]

    @property
    def kind(self) -> str:
        """The source without its version."""
        return self.source.partition(":")[0].partition("@")[0]


class Deployment:
    """A Bicep file with the values of its parameters, worked out with all files that it names."""

    def __init__(self, file: str, parameters: dict[str, Any]) -> None:
        self.made: list[Made] = []
        self._path = INFRA / file
        self._bicep = BicepFile(self._path)
        self._scope: dict[str, Any] = {}
        self._take(parameters)
        for one in self._bicep.declarations:
            self._work_out(one)
        self.outputs = {one.name: self._value(one) for one in self._bicep.of_kind("output")}

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The values of everything of one kind."""
        return [one.values for one in self.made if one.kind == kind]

    def _take(self, parameters: dict[str, Any]) -> None:
        declared = self._bicep.of_kind("parameter")
        unknown = parameters.keys() - {one.name for one in declared}
        assert not unknown, f"{self._path.name} has no parameters {unknown}"
        for one in declared:
            given = one.name in parameters
            assert given or one.value is not None, f"{self._path.name} needs {one.name}"
            self._scope[one.name] = parameters[one.name] if given else self._value(one)

    def _value(self, one: Declaration) -> Any:
        return Expression(self._scope, self._path.parent).value(one.value)

    def _work_out(self, one: Declaration) -> None:
        if one.kind == "variable":
            self._scope[one.name] = self._value(one)
        elif one.kind in {"module", "resource"}:
            found = self._value(one)
            make = self._module if one.kind == "module" else self._resource
            if isinstance(found, list):
                self._scope[one.name] = [make(one, each) for each in found]
            else:
                self._scope[one.name] = found and make(one, found)

    def _resource(self, one: Declaration, said: dict[str, Any]) -> dict[str, Any]:
        if not one.is_existing:
            self.made.append(Made(self._path.name, one.name, one.source, said))
        id_ = Unknown(f"{one.source.partition('@')[0]}/{said['name']}")
        known = {"id": id_, "name": said["name"], "kind": one.source.partition("@")[0]}
        unknown = {"location": Unknown(f"location of {id_}"), "properties": Unknown(said["name"])}
        return known | unknown

    def _module(self, one: Declaration, said: dict[str, Any]) -> dict[str, Any]:
        given = said.get("params", {})
        if one.source.startswith(_REGISTRY):
            source = one.source.removeprefix(_REGISTRY)
            self.made.append(Made(self._path.name, one.name, source, given))
            gives = MODULES[source]["gives"]
            outputs = {name: Unknown(f"{given['name']}:{name}") for name in gives}
            return {"outputs": outputs | {"name": given["name"]}}
        inner = Deployment(str(Path(one.source)), given)
        self.made += inner.made
        return {"outputs": inner.outputs}
