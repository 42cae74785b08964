"""Writes down what the Bicep modules of infra/ take and give, at the versions that it names.

Bicep checks that when it compiles; where it cannot be had, tests check it against this table:

    git clone https://github.com/Azure/bicep-registry-modules
    python scripts/bicep_modules.py bicep-registry-modules > infra/modules.json

Each module's compiled template is read from the tag of its version. Of its optional parameters only
those are written down whose names occur in infra/.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

INFRA = Path(__file__).parents[1] / "infra"
_USED = re.compile(r"'br/public:(avm/[\w./-]+):([\d.]+)'")
_NAMED = re.compile(r"\b(\w+):")
_KINDS = {"int": "integer", "bool": "boolean", "securestring": "string", "secureobject": "object"}
_SAME = {"minLength": "minLength", "maxLength": "maxLength", "allowedValues": "enum"}

type Json = dict[str, Any]


def used(folder: Path) -> set[tuple[str, str]]:
    """Give each module that the Bicep files in *folder* name, and its version."""
    return {found for file in folder.glob("*.bicep") for found in _USED.findall(file.read_text())}


def named(folder: Path) -> set[str]:
    """Give every name that the Bicep files in *folder* give a value to."""
    return {name for file in folder.glob("*.bicep") for name in _NAMED.findall(file.read_text())}


def taken(template: Json, names: set[str]) -> Json:
    """Give the JSON Schema of what a template takes: what it must have, and *names* of the rest."""
    definitions = template.get("definitions", {})
    parameters: Json = {
        name: one
        for name, one in template["parameters"].items()
        if name in names or _is_required(one)
    }
    schema: Json = {
        "type": "object",
        "properties": {name: _schema(one) for name, one in parameters.items()},
        "required": [name for name, one in parameters.items() if _is_required(one)],
        "additionalProperties": False,
        "$defs": {name: _schema(one) for name, one in definitions.items()},
    }
    schema["$defs"] = _reached(schema["properties"], schema["$defs"])
    return schema


def _schema(described: Json) -> Json:
    if "$ref" in described:
        found: Json = {"$ref": described["$ref"].replace("#/definitions/", "#/$defs/")}
    elif "discriminator" in described:
        mapping = described["discriminator"]["mapping"].values()
        found = {"anyOf": [_schema(one) for one in mapping]}
    else:
        found = _of_kind(described)
    return {"anyOf": [found, {"type": "null"}]} if described.get("nullable") else found


def _of_kind(described: Json) -> Json:
    kind = described.get("type", "").lower()
    found: Json = {"type": _KINDS.get(kind, kind)} if kind else {}
    found |= {ours: described[theirs] for theirs, ours in _SAME.items() if theirs in described}
    if found.get("type") == "array":
        found |= {"items": _schema(described["items"])} if "items" in described else {}
        found.pop("enum", None)
    if "properties" in described:
        parts: Json = described["properties"]
        found["properties"] = {name: _schema(one) for name, one in parts.items()}
        found["required"] = [name for name, one in parts.items() if _is_required(one)]
        more = described.get("additionalProperties", False)
        found["additionalProperties"] = _schema(more) if isinstance(more, dict) else more
    return found


def _is_required(described: Json) -> bool:
    return "defaultValue" not in described and not described.get("nullable", False)


def _reached(schema: Json, definitions: Json) -> Json:
    """Leave out the definitions that nothing refers to."""
    reached: Json = {}
    waiting = [schema]
    while waiting:
        for name in re.findall(r'"#/\$defs/([^"]+)"', json.dumps(waiting.pop())):
            if name not in reached:
                reached[name] = definitions[name]
                waiting.append(definitions[name])
    return reached


def _template(checkout: Path, path: str, version: str) -> Json:
    # A child module is published by itself, and its files are those of that tag.
    file = f"{path}/{version}:{path}/main.json"
    command = ["git", "-C", str(checkout), "show", file]
    found: Json = json.loads(subprocess.check_output(command))  # noqa: S603 - a fixed command
    return found


def _main(checkout: Path) -> None:
    table, names = {}, named(INFRA)
    for path, version in sorted(used(INFRA)):
        template = _template(checkout, path, version)
        outputs = sorted(template["outputs"])
        table[f"{path}:{version}"] = {"takes": taken(template, names), "gives": outputs}
    lines = (
        f"{json.dumps(name)}: {json.dumps(one, sort_keys=True)}" for name, one in table.items()
    )
    sys.stdout.write(
        "{\n" + ",\n".join(lines) + "\n}\n"
    )  # a line a module, so that diffs are small


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
