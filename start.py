#!/usr/bin/env python3
"""Set up chainrule on a machine that has Python 3.11 or later and nothing else, and run it.

    python3 start.py report [...]   make the demonstration report; further arguments go to `chainrule report`
    python3 start.py test [...]     run the whole test suite; further arguments go to pytest
    python3 start.py check [...]    lint, format, types, then the test suite: what CI runs

Everything is installed into `.venv` beside this file, once; later runs start at once. Neither pip nor ensurepip need
be there: pip's wheel is fetched from the package index that pip is configured with (PIP_INDEX_URL, pip's
configuration files) and accepted only if its SHA-256 is the one below.
"""

# Standard library only, and nothing newer than Python 3.6's grammar: an old Python must get as far as the message.
import base64
import configparser
import hashlib
import html.parser
import json
import netrc
import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
import venv
from pathlib import Path

OLDEST = (3, 11)
PIP_WHEEL = "pip-26.3-py3-none-any.whl"
PIP_SHA256 = "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13"
DEFAULT_INDEX = "https://pypi.org/simple"  # pip's own default
TIMEOUT = 30  # seconds to wait for an answer from an index

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
STAMP = VENV / "chainrule-stamp.json"
LOG = VENV / "install.log"


class SetupError(Exception):
    """Something outside this program is in the way; the message is one line and says what to do."""


# --- verbs ------------------------------------------------------------------------------------------------------------


def report(arguments):
    set_up(["all"])
    return run([str(BIN / "chainrule"), "report", *arguments])


def test(arguments):
    set_up(["all", "test"])
    return run([str(PYTHON), "-m", "pytest", *(arguments or ["-n", "auto"])], cwd=ROOT)


def check(arguments):
    set_up(["all", "test", "dev"])
    python = str(PYTHON)
    stages = {
        "lint": [python, "-m", "ruff", "check", "."],
        "format": [python, "-m", "ruff", "format", "--check", "."],
        "types": [python, "-m", "pyright", "--pythonpath", python],
    }
    failed = []
    for name, command in stages.items():
        say(name)
        if run(command, cwd=ROOT):
            failed.append(name)
    if failed:
        say("failed: " + ", ".join(failed) + "; the tests follow")
    return test(arguments) or (1 if failed else 0)


VERBS = {"report": report, "test": test, "check": check}


# --- set-up -----------------------------------------------------------------------------------------------------------


def set_up(extras):
    """Make `.venv` hold the project, editable, with at least these extras; nothing is done if it does already."""
    stamp = read_stamp()
    if set(extras) <= set(stamp["extras"]):
        return
    extras = sorted(set(stamp["extras"]) | set(extras))
    say("setting up in .venv: once, about a minute")
    try:
        if (venv_version() or (0,)) < OLDEST or stamp["stale"]:
            venv.EnvBuilder(with_pip=False, clear=True, symlinks=os.name != "nt").create(str(VENV))
        if STAMP.exists():
            STAMP.unlink()  # an interrupted set-up must not look finished
        if not has_pip():
            install_pip()
        install(["--editable", "{}[{}]".format(ROOT, ",".join(extras))])
        STAMP.write_text(json.dumps({"key": stamp_key(), "extras": extras, "python": venv_version()}))
    except OSError as error:
        raise SetupError(
            "cannot set up {} ({}): it takes a directory that you can write to, with 1 GB free".format(
                VENV, error.strerror or error
            )
        ) from None


def read_stamp():
    """What an earlier set-up left: the extras that are still good, and whether `.venv` belongs to another Python."""
    try:
        stamp = json.loads(STAMP.read_text())
        same_python = tuple(stamp["python"]) == venv_version()
        good = same_python and stamp["key"] == stamp_key()
        return {"extras": stamp["extras"] if good else [], "stale": not same_python}
    except (OSError, ValueError, KeyError, TypeError):
        return {"extras": [], "stale": False}


def stamp_key():
    """A hash of all that an installation depends on: the declared dependencies, and where the checkout lies."""
    return hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + str(ROOT).encode()).hexdigest()


def venv_version():
    """(major, minor) of `.venv`'s Python; None where there is none that runs."""
    try:
        answer = subprocess.check_output(
            [str(PYTHON), "-c", "import sys; print(*sys.version_info[:2])"], stderr=subprocess.DEVNULL
        )
        return tuple(int(part) for part in answer.split())
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None


def has_pip():
    probe = [str(PYTHON), "-c", "import pip"]
    return subprocess.call(probe, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0


def install_pip():
    """Put pip into `.venv`: from Python's own copy if it has one, else from the index."""
    bundled = [str(PYTHON), "-m", "ensurepip", "--default-pip"]
    if subprocess.call(bundled, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0:
        return
    with tempfile.TemporaryDirectory() as folder:
        wheel = Path(folder) / PIP_WHEEL
        wheel.write_bytes(fetch_pip(pip_settings()))
        install(["--no-index", str(wheel)], pip=str(wheel / "pip"))  # a wheel of pip can run itself


def install(arguments, pip=None):
    """Run `pip install`; its output goes to a log, of which a failure shows what matters."""
    command = [str(PYTHON), *([pip] if pip else ["-m", "pip"]), "install", "--no-input", "--disable-pip-version-check"]
    with LOG.open("wb") as log:
        code = subprocess.call(command + arguments, cwd=str(ROOT), stdout=log, stderr=subprocess.STDOUT)
    if code:
        raise SetupError("{} (all of pip's output: {})".format(install_failure(LOG.read_text(errors="replace")), LOG))


NO_CONNECTION = re.compile(
    r"NewConnectionError|NameResolutionError|Failed to establish a new connection|ConnectTimeoutError"
    r"|Temporary failure in name resolution|Network is unreachable|ProxyError"
)


def install_failure(log):
    """One line that says why pip failed."""
    if NO_CONNECTION.search(log):
        return "no network: pip cannot reach the package index; connect, or set PIP_INDEX_URL to an index within reach"
    errors = [line[len("ERROR:") :].strip() for line in log.splitlines() if line.startswith("ERROR:")]
    return "pip could not install: " + (errors[-1] if errors else "no reason given")


# --- pip's wheel, without pip -----------------------------------------------------------------------------------------


def pip_settings():
    """pip's settings of where packages come from, in pip's order: files, their [install] section, environment."""
    settings = {}
    parsers = []
    for path in config_files():
        parser = configparser.RawConfigParser()
        try:
            parser.read(str(path), encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError) as error:
            raise SetupError("pip's configuration file {} cannot be read: {}".format(path, error)) from None
        parsers.append(parser)
    for section in ("global", "install"):
        for parser in parsers:
            if parser.has_section(section):
                settings.update((key.replace("_", "-"), value) for key, value in parser.items(section))
    for key, value in os.environ.items():
        if key.startswith("PIP_") and value:
            settings[key[len("PIP_") :].lower().replace("_", "-")] = value
    return settings


def config_files():
    """The files that pip reads on this platform, least important first."""
    home = Path.home()
    chosen = os.environ.get("PIP_CONFIG_FILE")
    if chosen == os.devnull:
        return []
    if os.name == "nt":
        machine = [Path(os.environ.get("PROGRAMDATA", "C:\\ProgramData")) / "pip" / "pip.ini"]
        user = [home / "pip" / "pip.ini", Path(os.environ.get("APPDATA", str(home))) / "pip" / "pip.ini"]
    else:
        machine = [Path(d) / "pip/pip.conf" for d in os.environ.get("XDG_CONFIG_DIRS", "/etc/xdg").split(os.pathsep)]
        machine.append(Path("/etc/pip.conf"))
        base = Path(os.environ.get("XDG_CONFIG_HOME") or str(home / ".config"))
        user = [home / ".pip/pip.conf", base / "pip/pip.conf"]
        if sys.platform == "darwin":
            user.insert(1, home / "Library/Application Support/pip/pip.conf")
    if chosen and Path(chosen).exists():
        return [*machine, Path(chosen)]
    return machine + user


def fetch_pip(settings):
    """The bytes of pip's pinned wheel, from the first place that has it, its hash verified."""
    places = settings.get("find-links", "").split()
    if settings.get("no-index", "").lower() not in ("1", "true", "yes", "on"):
        indexes = [settings.get("index-url", DEFAULT_INDEX), *settings.get("extra-index-url", "").split()]
        places += [index.rstrip("/") + "/pip/" for index in indexes]
    failures = []
    for place in places:
        try:
            link = find_wheel(place, settings)
            content = read(link, settings)
        except (OSError, ValueError, LookupError) as error:
            failures.append("{}: {}".format(where(place), getattr(error, "reason", None) or error))
            continue
        found = hashlib.sha256(content).hexdigest()
        if found != PIP_SHA256:
            raise SetupError(
                "{} from {} has SHA-256 {}, expected {}: not installed".format(
                    PIP_WHEEL, where(link), found, PIP_SHA256
                )
            )
        return content
    raise SetupError(
        "no network, or no index within reach offers {} ({}); connect, or set PIP_INDEX_URL".format(
            PIP_WHEEL, "; ".join(failures) or "no index is configured"
        )
    )


def find_wheel(place, settings):
    """The address of pip's wheel on an index page, or in a folder that holds wheels."""
    address = place if "://" in place or place.startswith("file:") else Path(place).resolve().as_uri()
    folder = local_path(address)
    if folder and (folder / PIP_WHEEL).is_file():
        return (folder / PIP_WHEEL).as_uri()
    if folder and folder.is_dir():
        address = (folder / "index.html").as_uri()
    links = Links()
    links.feed(read(address, settings).decode("utf-8", "replace"))
    for link in links.found:
        if urllib.parse.unquote(urllib.parse.urlsplit(link).path).rpartition("/")[2] == PIP_WHEEL:
            return urllib.parse.urldefrag(urllib.parse.urljoin(address, link))[0]
    raise LookupError("{} is not there".format(PIP_WHEEL))


class Links(html.parser.HTMLParser):
    """The targets of a page's links."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        if tag == "a":
            self.found += [value for name, value in attrs if name == "href" and value]


def local_path(address):
    parts = urllib.parse.urlsplit(address)
    return Path(urllib.request.url2pathname(parts.path)) if parts.scheme == "file" else None


def read(address, settings):
    """The bytes at an address, with pip's proxy, certificate and credentials."""
    path = local_path(address)
    if path:
        return path.read_bytes()
    parts = urllib.parse.urlsplit(address)
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2])
    request = urllib.request.Request(bare.geturl(), headers={"Accept": "text/html, */*;q=0.1"})
    login = credentials(parts)
    if login:
        token = base64.b64encode(":".join(login).encode()).decode()
        request.add_unredirected_header("Authorization", "Basic " + token)  # stays with this host
    cert = settings.get("cert")
    context = ssl.create_default_context(**({"capath" if os.path.isdir(cert) else "cafile": cert} if cert else {}))
    if {parts.hostname, bare.netloc} & set(settings.get("trusted-host", "").split()):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    handlers = [urllib.request.HTTPSHandler(context=context)]
    if settings.get("proxy"):
        handlers.append(urllib.request.ProxyHandler(dict.fromkeys(("http", "https"), settings["proxy"])))
    with urllib.request.build_opener(*handlers).open(request, timeout=TIMEOUT) as answer:
        return answer.read()


def credentials(parts):
    """(user, password) from the address itself or from ~/.netrc; None where there are none."""
    if parts.username:
        return urllib.parse.unquote(parts.username), urllib.parse.unquote(parts.password or "")
    try:
        login = netrc.netrc().authenticators(parts.hostname)
    except (OSError, netrc.NetrcParseError):
        return None
    return (login[0], login[2]) if login else None


def where(address):
    """An address as shown in a message: never with its password."""
    parts = urllib.parse.urlsplit(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


# --- the program itself -----------------------------------------------------------------------------------------------


def say(text):
    print("start.py: " + text, file=sys.stderr, flush=True)


def run(command, cwd=None):
    return subprocess.call(command, cwd=None if cwd is None else str(cwd))


def require_python():
    if sys.version_info < OLDEST:
        newer = [name for name in ("python3.14", "python3.13", "python3.12", "python3.11") if shutil.which(name)]
        raise SetupError(
            "Python {}.{} or later is needed, this is {}.{}; {}".format(
                *OLDEST, *sys.version_info[:2], "run: {} start.py".format(newer[0]) if newer else "install a newer one"
            )
        )


def main(arguments):
    try:
        require_python()
        if not arguments or arguments[0] not in VERBS:
            asked = bool(arguments) and arguments[0] in ("-h", "--help")
            print(__doc__, file=sys.stdout if asked else sys.stderr)
            return 0 if asked else 2
        return VERBS[arguments[0]](arguments[1:])
    except SetupError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
