"""An endpoints file with every key of the contract, and how the tests read one."""

import re
from collections.abc import Callable, Mapping

from protocols.azureml_online.service_keys import read_azureml_service_keys
from protocols.classic_keys import read_classic_keys, read_classic_service_keys
from settings.endpoints_file import Endpoints, parse_endpoints

KEYS = {
    "CENSUS_API_KEY": "key-of-census",
    "CENSUS_TRAINING_API_KEY": "key-of-training",
    "WORKSPACE_TOKEN": "token-of-workspace",
}
REQUEST = b'{"Inputs": {}}'
PROTOCOLS = dict.fromkeys(("studio-classic", "http"), read_classic_keys)
TRAININGS = {
    "azureml-online": read_azureml_service_keys,
    "studio-classic": read_classic_service_keys,
}

LEAST = """
[endpoints.census]
patch_url = "https://management.example/endpoints/census"
api_key = "%CENSUS_API_KEY%"
"""

WHOLE = """
[defaults]
protocol = "http"
patch_url = "https://management.example/endpoints/{endpoint}"
keep = 7

[endpoints.census]
api_key = "%CENSUS_API_KEY%"
resource = "Modèle de {endpoint} [trained model]"
models = "census/**/*.ilearner"
auto_deploy = false
keep = 0
workspace_token = "%WORKSPACE_TOKEN%"
create = { description = "for {endpoint}", throttle_level = "High", max_concurrent_calls = 20 }

[endpoints.census.smoke_test]
score_url = "https://services.example/execute?api-version=2.0&details=true"
request = "smoke/census.json"
expect = "Results.output1.value.Values[0][0] == '>50K'"

[endpoints.census.retrain]
service = "census"
schedule = "0 0 3 * * *"
inputs.input1 = "training/census/latest.csv"
outputs.output2 = "experimentoutput/census/{run}.ilearner"
parameters = { URI = "a", Rows = 10000, Rate = 0.5, Fast = true }

[endpoints.credit]
api_key = "%CENSUS_API_KEY%"
models = "credit/*.ilearner"

[training_services.census]
jobs_url = "https://services.example/jobs"
api_key = "%CENSUS_TRAINING_API_KEY%"
output = "output2"
timeout = "90m"
"""


def read(
    content: str,
    *,
    environ: Mapping[str, str] = KEYS,
    read_relative: Callable[[str], bytes] = lambda _: REQUEST,
) -> Endpoints:
    """Read an endpoints file, with every key set and every request there."""
    return parse_endpoints(
        content,
        environ=environ,
        read_relative=read_relative,
        protocols=PROTOCOLS,
        trainings=TRAININGS,
    )


def changed(content: str, key: str, value: str) -> str:
    """Put another value in the place of the first that *key* has."""
    line = re.search(rf"(?m)^{re.escape(key)} = .*$", content)
    assert line is not None, f"{key} is not in the text"
    return f"{content[: line.start()]}{key} = {value}{content[line.end() :]}"
