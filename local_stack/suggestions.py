"""What to try while the stack runs."""

from local_stack.narrator import Narrator
from local_stack.retraining import MODEL_CONTAINER
from local_stack.scene import Scene
from local_stack.second_act import ENDPOINT
from local_stack.stack import ROOT, Stack


def suggest[S: Scene](stack: Stack[S], narrator: Narrator) -> None:
    """Say it."""
    say, url = narrator.say, f"{stack.app_url}/api"
    key = f'-H "x-functions-key: $(cat {stack.key_file})"'
    narrator.step("It keeps serving until Ctrl-C. Try, in another terminal:")
    say(f"curl -s {key} {url}/endpoints/{ENDPOINT}")
    say(f"curl -s {key} {url}/status")
    say(f"curl -s -X POST {key} -d '{{}}' '{url}/endpoints/{ENDPOINT}/redeploy?dry_run=true'")
    home = stack.options.home
    land = "make land" if home == ROOT / ".local" else f"make land ARGS='--home {home}'"
    say(f"{land}                    # trains another model, which lands")
    say(f"{land} FILE=my.ilearner   # lands as {MODEL_CONTAINER}/{ENDPOINT}/my.ilearner")
