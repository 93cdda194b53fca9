"""The two files of onnxruntime-web that decode in the page."""

from importlib.resources import files

from micvae.errors import MicvaeError

SCRIPT = "ort.wasm.bundle.min.mjs"
MACHINE = "ort-wasm-simd-threaded.wasm"


def runtime_files() -> tuple[bytes, bytes]:
    """The script and its WebAssembly module.

    Raises:
        MicvaeError: where they are missing; wheels have them, a checkout downloads them.
    """
    folder = files("micvae.explorer").joinpath("runtime")
    script, machine = folder.joinpath(SCRIPT), folder.joinpath(MACHINE)
    if not (script.is_file() and machine.is_file()):
        raise MicvaeError(
            "explore needs two files of onnxruntime-web that are not in this checkout; run "
            "make src/micvae/explorer/runtime, or install a released wheel, which has them."
        )
    return script.read_bytes(), machine.read_bytes()
