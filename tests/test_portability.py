"""What Windows lacks is imported nowhere and used only where it exists; text files have one encoding everywhere."""

import ast
import signal

import pytest

from project import SOURCE, imports, sources

POSIX_MODULES = {"fcntl", "grp", "posix", "pty", "pwd", "readline", "resource", "syslog", "termios", "tty"}
# Of signal and os; what the standard library's pages mark as "Availability: Unix".
WINDOWS_SIGNALS = {"SIGABRT", "SIGFPE", "SIGILL", "SIGINT", "SIGSEGV", "SIGTERM"}
POSIX_SIGNALS = {name for name in dir(signal) if name.startswith("SIG") and name[3] != "_"} - WINDOWS_SIGNALS
POSIX_OS = {
    *("fork", "forkpty", "getegid", "geteuid", "getgid", "getpgid", "getuid", "killpg", "mkfifo", "nice"),
    *("openpty", "sched_getaffinity", "setpgid", "setsid", "statvfs", "sysconf", "uname", "wait", "wait4"),
}


def trees():
    return [(path, ast.parse(path.read_text(encoding="utf-8"))) for path in sources()]


def place(path, node) -> str:
    return f"{path.relative_to(SOURCE).as_posix()}:{node.lineno}"


def test_no_module_needs_a_part_of_the_library_that_windows_lacks():
    found = [(path, each) for path in sources() for each in imports(path)]
    assert [f"{p.name}:{e.line}" for p, e in found if e.module.split(".")[0] in POSIX_MODULES] == []


def guarded(text: str, name: str) -> bool:
    return any(f'{way}, "{name}"' in text for way in ("hasattr(os", "hasattr(signal", "getattr(signal"))


@pytest.mark.parametrize(("module", "names"), [("os", POSIX_OS), ("signal", POSIX_SIGNALS)])
def test_what_windows_lacks_is_used_only_where_it_exists(module, names):
    """A file that uses such a name asks for it first, by `hasattr` or `getattr`."""
    wrong = [
        f"{place(path, node)} {module}.{node.attr}"
        for path, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == module and node.attr in names
        if not guarded(path.read_text(encoding="utf-8"), node.attr)
    ]
    assert wrong == []


def opens_text(call: ast.Call) -> bool:
    """Whether a call reads or writes text: `read_text`, `write_text`, or an `open` whose mode is not binary."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name in ("read_text", "write_text"):
        return True
    if name != "open":
        return False
    modes = call.args[0 if isinstance(call.func, ast.Attribute) else 1 :][:1]
    modes += [keyword.value for keyword in call.keywords if keyword.arg == "mode"]
    if not modes:
        return not call.args  # `Image.open(path)` has a path there, `path.open()` nothing
    mode = modes[0]
    # Another kind of `open` has something else in that place.
    return isinstance(mode, ast.Constant) and isinstance(mode.value, str) and "b" not in mode.value


def test_text_files_are_opened_with_their_encoding():
    """Without it Windows reads and writes in the code page of the country."""
    wrong = [
        place(path, node)
        for path, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and opens_text(node)
        if "encoding" not in {keyword.arg for keyword in node.keywords}
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("path.read_text()", True),
        ("path.open()", True),
        ('path.open("a+")', True),
        ('path.open(mode="w")', True),
        ('open(path, "w")', True),
        ('path.open("rb")', False),
        ('open(path, "wb")', False),
        ("Image.open(path)", False),
        ("os.open(folder, os.O_RDONLY)", False),
    ],
)
def test_what_counts_as_text(code, text):
    assert opens_text(ast.parse(code).body[0].value) == text
