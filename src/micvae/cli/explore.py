"""`micvae explore`: a run's latents in the browser."""

from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from tyro.conf import Positional

from micvae.cli.display import busy, say
from micvae.cli.outputs import check_file, is_explorer
from micvae.cli.parsing import parse
from micvae.errors import MicvaeError
from micvae.training.run import Run


def explore(arguments: list[str]) -> None:
    """`micvae explore RUN`."""

    @dataclass(frozen=True)
    class Explore:
        """Write one HTML file to explore the latents of a run; any browser opens it offline.

        It needs onnx and onnxruntime: pip install "micvae[onnx]".

        The page has a slider per latent, live decoding, sample images, traversals, and codes
        coloured by factor. The browser stores the names that you give to latents. Save them as
        RUN/latent_names.json to include them in the next page.
        """

        run: Positional[Path]
        """Folder of a trained run."""
        out: Path | None = None
        """The .html file. Default: RUN/explore.html. An existing file is replaced only if it is an
        explorer page."""
        port: int | None = None
        """Also serve the page at http://127.0.0.1:PORT until Ctrl-C."""

    parsed = parse(Explore, arguments, "explore")
    if parsed.port is not None and not 0 < parsed.port < 65536:
        raise MicvaeError(f"port is {parsed.port}; give a number from 1 to 65535.")
    if parsed.out is not None:
        if not parsed.out.is_dir() and parsed.out.suffix.lower() not in (".html", ".htm"):
            raise MicvaeError(
                f"out: {parsed.out} ends in {parsed.out.suffix or 'nothing'}; the explorer is "
                "an HTML page; give a name that ends in .html."
            )
        check_file(parsed.out, "a page of micvae explore", is_explorer)
    from micvae.explorer import explore_run
    from micvae.sharing.onnx import require_onnx

    require_onnx("explore")
    with busy(f"writing the explorer of {parsed.run}"):
        page = explore_run(Run(parsed.run), parsed.out)
    say(f"explorer: {page} ({page.stat().st_size / 1e6:.1f} MB); open it in a browser")
    if parsed.port is not None:
        serve(page, parsed.port)


def serve(page: Path, port: int) -> None:
    """Serve the page until interrupted."""
    with server_of(page, port) as server:
        print(f"serving http://127.0.0.1:{port}, until Ctrl-C", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            say("stopped")


def server_of(page: Path, port: int) -> HTTPServer:
    """A server that answers every GET of / with the page, to this machine only.

    Raises:
        MicvaeError: where the port is taken or not allowed.
    """
    try:
        return HTTPServer(("127.0.0.1", port), partial(_Handler, page.read_bytes()))
    except OSError as error:
        raise MicvaeError(
            f"port {port} cannot be served: {error.strerror}; choose another --port."
        ) from None


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, content: bytes, *arguments: object) -> None:
        self.content = content
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        if self.path not in ("/", "/index.html"):
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()
        self.wfile.write(self.content)

    def log_message(self, *arguments: object) -> None:
        """Say nothing of requests."""
