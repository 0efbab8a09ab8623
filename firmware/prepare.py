"""Before every build: the library `model` of the environment, made by `nuthatch build --prepare`.

The model is the one of the last `nuthatch build` for this board, else custom_model of platformio.ini.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from SCons.Script import DefaultEnvironment

DOES_NOT_FIT = 3
"""nuthatch's exit code."""
env = DefaultEnvironment()
PROJECT = Path(env.subst("$PROJECT_DIR"))
MODELS = Path(env.subst("$PROJECT_WORKSPACE_DIR")) / "models" / env["PIOENV"]


def chosen() -> tuple[str, str, str]:
    """Model, app, and who chose them."""
    path = MODELS / "chosen.json"
    if path.is_file():
        choice = json.loads(path.read_text("utf-8"))
        return choice["model"], choice["app"], f"the last nuthatch build; delete {path} for platformio.ini's"
    return env.GetProjectOption("custom_model"), env.GetProjectOption("custom_app"), "platformio.ini"


def nuthatch() -> str:
    """The program of the Python that runs PlatformIO, of this checkout, or of the system."""
    beside = [Path(sys.executable).with_name("nuthatch"), PROJECT.parent / ".venv" / "bin" / "nuthatch"]
    found = next((str(p) for p in beside if p.is_file()), None) or shutil.which("nuthatch")
    if found is None:
        sys.exit("nuthatch is not installed, which compiles the model; run `make firmware-setup` beside this folder")
    return found


model, app, who = chosen()
if not os.environ.get("NUTHATCH_PREPARED"):
    print(f"Model {model}, app {app} ({who})")
    line = [nuthatch(), "build", model, "--board", env["PIOENV"], "--app", app, "--prepare", "--project", str(PROJECT)]
    done = subprocess.run(line, check=False)
    # Tests of parts are built where no model fits, too.
    if done.returncode and not (done.returncode == DOES_NOT_FIT and "PIOTEST_RUNNING_NAME" in env):
        env.Exit(done.returncode)
env.Append(LIBSOURCE_DIRS=[str(MODELS)])
# The app is one file or one folder of apps/.
env.Replace(SRC_FILTER=[f"-<*> +<{app}.c> +<{app}/>"])

# A vendor's platform without its framework: our start-up code, linker script and flags of the core.
families = str(env.GetProjectOption("custom_hal", "")).split()
if "cortexm" in families and env.PioPlatform().name != "nuthatch":
    sys.path.insert(0, str(PROJECT / "platform"))
    from core import core
    from memory import link, region

    found = core(env.GetProjectOption("custom_target"))
    memory = [region(env.GetProjectOption(f"custom_{k}")) for k in ("flash", "ram")]
    flags = link(env, PROJECT / "lib" / "hal", families, *memory)
    env.Append(CCFLAGS=[*found["flags"], *found["specs"]])
    env.Append(LINKFLAGS=[*found["flags"], *found["specs"], *flags])
