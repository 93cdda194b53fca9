"""Try a built wheel as a newcomer would: in an empty environment, from an empty folder.

python -m build --no-isolation && python scripts/smoke.py dist

Nothing is downloaded: the new environment has micvae from the wheel, and sees what micvae depends
on where this interpreter has it. Then: are all files of the source tree in the wheel and the sdist,
does the metadata say what pyproject.toml says, and do the first commands of the README work?
"""

import argparse
import os
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import tomllib
import venv
import zipfile
from email import message_from_bytes
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCES = {
    path.relative_to(ROOT / "src").as_posix()
    for path in (ROOT / "src" / "micvae").rglob("*")
    if path.is_file() and "__pycache__" not in path.parts
}
COMMANDS = (
    "--version",
    "--help",
    "train mi-constrained --data squares(n=256) --epochs 1 --out run",
    "evaluate run",
    "report run",
)


def only(folder: Path, pattern: str) -> Path:
    """The one file of a pattern."""
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise SystemExit(f"{folder} holds {len(found)} files {pattern}; build into an empty folder")
    return found[0]


def check_wheel(wheel: Path) -> None:
    """Every source file, nothing else, and true metadata."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        (place,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        metadata = message_from_bytes(archive.read(place))
    if names != SOURCES:
        raise SystemExit(
            f"the wheel lacks {SOURCES - names or '{}'}, has {names - SOURCES or '{}'}"
        )
    said = {
        "Name": project["name"],
        "Version": project["version"],
        "Summary": project["description"],
        "License-Expression": project["license"],
        "Requires-Python": project["requires-python"],
        "Description-Content-Type": "text/markdown",
    }
    wrong = {key: metadata[key] for key, value in said.items() if metadata[key] != value}
    if wrong:
        raise SystemExit(f"the metadata says {wrong}, pyproject.toml {said}")
    extras = set(project["optional-dependencies"])
    if set(metadata.get_all("Provides-Extra", [])) != extras:
        raise SystemExit(f"the metadata offers other extras than {sorted(extras)}")


def check_sdist(sdist: Path) -> None:
    """Every source file, and what a build from it needs."""
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    needed = {f"src/{name}" for name in SOURCES} | {"pyproject.toml", "README.md", "LICENSE"}
    if not needed <= names:
        raise SystemExit(f"the sdist lacks {sorted(needed - names)}")


def install(wheel: Path, folder: Path) -> Path:
    """Make an environment that has the wheel and sees its dependencies; return its programs."""
    venv.create(folder, symlinks=os.name != "nt")
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    pip = [sys.executable, "-m", "pip", "--python", str(scripts / "python"), "--quiet", "install"]
    subprocess.run([*pip, "--no-deps", "--no-index", str(wheel)], check=True)
    (site,) = folder.rglob("site-packages")
    # Only the folder is added: an editable micvae in it, itself a .pth file, is not followed.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return scripts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dist", type=Path, help="the folder that python -m build wrote")
    dist = parser.parse_args().dist.resolve()
    wheel, sdist = only(dist, "*.whl"), only(dist, "*.tar.gz")
    check_wheel(wheel)
    check_sdist(sdist)
    with tempfile.TemporaryDirectory() as temporary:
        scripts = install(wheel, Path(temporary) / "environment")
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}

        def run(*command: str) -> str:
            done = subprocess.run(
                command, cwd=temporary, env=environment, capture_output=True, text=True
            )
            if done.returncode:
                raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
            return done.stdout

        where = run(str(scripts / "python"), "-c", "import micvae; print(micvae.__file__)")
        if not where.startswith(str(Path(temporary).resolve())):
            raise SystemExit(f"micvae was taken from {where}, not from the wheel")
        for line in COMMANDS:
            run(str(scripts / "micvae"), *line.split())
        if not (Path(temporary) / "run" / "report.html").is_file():
            raise SystemExit("the wheel's micvae report wrote no page")
    size = wheel.stat().st_size / 2**20
    print(f"{wheel.name}: {size:.1f} MiB, {len(SOURCES)} files, installs and runs")


if __name__ == "__main__":
    main()
