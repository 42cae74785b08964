"""A blob is all it takes: from the upload to the PATCH, over the functions host."""

from datetime import timedelta

from tests.e2e.deployment import Deployment, document, state_of, wait_for_event, wait_until


def test_an_uploaded_model_reaches_the_endpoint_within_seconds(
    deployed: Deployment, model: bytes
) -> None:
    with deployed.host() as host:
        deployed.put("a.ilearner", model)
        wait_for_event(host, "patch.accepted", timedelta(seconds=15))
        wait_until(lambda: state_of(host) == "patched", evidence=host.log_text)

        assert deployed.patches() == [f"{deployed.container}/a.ilearner"]
        assert document(host)["serving"]["model"]["name"] == "a.ilearner"


def test_a_blob_that_is_no_model_by_its_name_is_not_deployed(
    deployed: Deployment, model: bytes
) -> None:
    with deployed.host() as host:
        deployed.put("evaluation.csv", b"Accuracy\n0.97\n")
        deployed.put("a.ilearner", model)
        wait_for_event(host, "patch.accepted")

    assert host.log_text().count("model.landed") == 1


def test_a_host_that_starts_again_repeats_nothing_and_misses_nothing(
    deployed: Deployment, model: bytes
) -> None:
    with deployed.host() as host:
        deployed.put("a.ilearner", model)
        # It says so before it has written so: a host killed between leaves a claim to run out.
        wait_until(lambda: state_of(host) == "patched", evidence=host.log_text)
        host.kill()
    deployed.put("b.ilearner", model)

    with deployed.host() as host:
        wait_for_event(host, "patch.accepted")

        expected = [f"{deployed.container}/{name}.ilearner" for name in "ab"]
        assert deployed.patches() == expected


def test_the_sweep_finds_a_model_that_no_event_announced(
    deployed: Deployment, model: bytes
) -> None:
    with deployed.host(**{"AzureWebJobs.model_landed.Disabled": "true"}) as host:
        deployed.put("missed.ilearner", model)
        assert host.run("sweep").succeeded

        assert "function.started" not in [
            line for line in host.log_text().splitlines() if "model_landed" in line
        ]
        assert document(host)["desired"]["model"]["name"] == "missed.ilearner"
        assert state_of(host) == "patched"
        assert host.run("sweep").succeeded

    assert deployed.patches() == [f"{deployed.container}/missed.ilearner"]
    assert "model.landed" not in host.log_text()
