#!/usr/bin/env python3
"""Measures how often initpath resolves a call to what the compiler resolved it to.

    scripts/mir_agreement.py path/to/Cargo.toml [another/Cargo.toml ...]

For each workspace, the script

1. checks all libraries and binaries with cargo. A wrapper around rustc, which is this same file, makes the compiler
   write the MIR of every function of the workspace, as it was built and before any optimisation, with spans;
2. lets `examples/resolved_calls.rs` print every call that initpath sees and what it resolved the call to;
3. pairs the calls of both by the extent of the call expression (file, first and last line and column), and compares.

A call in MIR counts when it is written in the source: its span ends with a closing parenthesis and holds the callee's
name. So the calls of `?`, `.await`, `for`, of operators, of automatic dereferencing and of derives do not count, nor do
those of functions that were imported under another name. Calls in the arguments of macros count; initpath reads some of
them. Where initpath resolves a call that has no MIR (in tests, behind `cfg`, constructors), nothing is compared.

What agrees:

* `local`: one of the functions that initpath names is the one of the MIR. Where the compiler only knows a trait's
  method (generic or dynamic dispatch), it is an implementation of that method, or the trait's own.
* `library`, `external`: the name of the function is equal, and so is its owner: the type, the trait, or the module. The
  owners may also be a type and what it dereferences to (`Vec` and slice).
* `block`: the compiler calls a closure or another value that is a function.

An equal name with another owner of the same crate agrees too, because crates re-export their items. So does naming
only a trait that the workspace implements. Both are counted by themselves as `loose`, and `strict%` is without them.

A function that initpath found in a variable has no counterpart, because the compiler only sees the variable. Such calls
are counted as `indirect` and not compared.

Of the calls that initpath leaves `unknown`, `inside` counts those that lead to a function of the workspace.

The share of agreement is over the calls that agree or disagree. The exit code is 1 when it is under 99 % over all
workspaces, and 2 when a workspace can not be measured.

Needs a stable toolchain only; unstable flags are unlocked for the crates of the workspace and never for dependencies.
The MIR is kept in `mir-agreement` in cargo's target directory, so that a second run does not compile again.
"""

import argparse
import collections
import dataclasses
import functools
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import typing
from pathlib import Path

DUMPS = "INITPATH_MIR_AGREEMENT_DUMPS"
FLAGS = ["-Zdump-mir=built", "-Zmir-include-spans=yes", "-Ztrim-diagnostic-paths=no", "--cap-lints=warn"]
REPOSITORY = Path(__file__).resolve().parent.parent
THRESHOLD = 99.0

STD = {"std", "core", "alloc"}
# What a type of std dereferences to, or has in common with another under one name.
DEREFERENCES = {
    "Vec": {"slice"},
    "array": {"slice"},
    "String": {"str"},
    "PathBuf": {"Path"},
    "OsString": {"OsStr"},
    "CString": {"CStr"},
}

# Types whose methods are mostly those of another type.
WRAPPERS = {"Arc", "Box", "Rc", "Pin", "Cow", "Ref", "RefMut", "MutexGuard", "OwnedMutexGuard", "RwLockReadGuard"}
WRAPPERS |= {"RwLockWriteGuard", "MappedMutexGuard", "LazyLock", "Lazy", "PooledConnection", "Object", "Data", "State"}


# --- The compiler's side: a wrapper around rustc ----------------------------------------------------------------------


def wrap_rustc(arguments):
    """Runs rustc as cargo asks for it, and lets it write MIR if it compiles a crate of the workspace."""
    name = value_of("--crate-name", arguments)
    if name is None or name in ("___", "build_script_build"):
        return subprocess.call(arguments, close_fds=False)
    suffix = next((a.removeprefix("extra-filename=") for a in arguments if a.startswith("extra-filename=")), "")
    directory = Path(os.environ[DUMPS]) / (name + suffix)
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    environment = dict(os.environ, RUSTC_BOOTSTRAP="1")
    return subprocess.call([*arguments, *FLAGS, f"-Zdump-mir-dir={directory}"], env=environment, close_fds=False)


def value_of(option, arguments):
    """The argument that follows `option`."""
    following = dict(zip(arguments, arguments[1:]))
    return following.get(option)


class Failure(Exception):
    """A workspace that can not be measured."""


@dataclasses.dataclass(frozen=True)
class Crate:
    """A library or binary that the compiler wrote MIR for."""

    name: str
    kind: str
    dumps: Path
    root_file: Path

    def files(self):
        return sorted(self.root_file.parent.rglob("*.rs"))


@dataclasses.dataclass
class Workspace:
    """A cargo workspace and its crates."""

    manifest: Path
    root: Path
    crates: list
    failed: list

    @property
    def name(self):
        return self.root.name


def cargo_metadata(manifest):
    command = ["cargo", "metadata", "--no-deps", "--format-version=1"]
    directory = Path(manifest).resolve().parent
    done = subprocess.run(command, capture_output=True, text=True, cwd=directory)
    if done.returncode != 0:
        raise Failure(f"{manifest}: cargo metadata failed\n{done.stderr}")
    return json.loads(done.stdout)


def compile_workspace(manifest, options):
    """Compiles all libraries and binaries and says where the MIR of each is."""
    metadata = cargo_metadata(manifest)
    root = Path(metadata["workspace_root"])
    dumps = Path(metadata["target_directory"]) / "mir-agreement" / hashlib.sha256(bytes(root)).hexdigest()[:12]
    wanted = set(metadata["workspace_members"])
    targets = [
        (package["id"], target["name"], target["kind"][0])
        for package in metadata["packages"]
        if package["id"] in wanted
        for target in package["targets"]
        if is_analyzed(target)
    ]
    kinds = {"--bins" if kind == "bin" else "--lib" for _, _, kind in targets}
    artifacts = check(manifest, dumps, [*sorted(kinds), *options])
    crates = []
    for artifact in artifacts:
        target = artifact["target"]
        if artifact["package_id"] in wanted and is_analyzed(target):
            targets = [t for t in targets if t != (artifact["package_id"], target["name"], target["kind"][0])]
            crates.append(crate_of(artifact, dumps))
    if not crates:
        raise Failure(f"{manifest}: nothing compiles; cargo says why")
    failed = [f"{kind} {name}" for _, name, kind in targets]
    return Workspace(Path(manifest), root, crates, failed)


def is_analyzed(target):
    return target["kind"][0] in ("lib", "rlib", "cdylib", "dylib", "staticlib", "bin")


def check(manifest, dumps, options):
    """Lets cargo check a workspace. Answers cargo's messages about what was compiled, now or in an earlier run."""
    command = ["cargo", "check", "--workspace", "--keep-going", "--message-format=json-render-diagnostics", *options]
    environment = dict(os.environ, RUSTC_WORKSPACE_WRAPPER=str(Path(__file__).resolve()))
    environment[DUMPS] = str(dumps)
    # In the workspace's own directory, cargo reads the workspace's own configuration.
    directory = Path(manifest).resolve().parent
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=directory)
    messages = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return [message for message in messages if message["reason"] == "compiler-artifact"]


def crate_of(artifact, dumps):
    target = artifact["target"]
    stem = next((Path(f).stem.removeprefix("lib") for f in artifact["filenames"] if f.endswith(".rmeta")), "")
    directory = dumps / stem
    if not directory.is_dir():
        raise Failure(f"{target['name']}: {directory} is gone; run cargo clean for this workspace")
    return Crate(target["name"].replace("-", "_"), target["kind"][0], directory, Path(target["src_path"]))


# --- Rust's notation for paths and types ------------------------------------------------------------------------------


def split_top(text, separator):
    """Splits at a separator that stands outside of all brackets."""
    parts, depth, start, at = [], 0, 0, 0
    while at < len(text):
        character = text[at]
        if character in "<([{":
            depth += 1
        elif character in ")]}" or (character == ">" and text[at - 1] not in "-="):
            depth -= 1
        elif depth == 0 and text.startswith(separator, at):
            parts.append(text[start:at])
            at += len(separator)
            start = at
            continue
        at += 1
    parts.append(text[start:])
    return parts


def without_references(type_text):
    """`&'a mut T` is `T` here, and so is `dyn T + Send`."""
    text = type_text.strip()
    prefix = re.compile(r"(&+|'\w+\s|mut\s|dyn\s|\*const\s|\*mut\s|for<[^>]*>\s|impl\s)\s*")
    while match := prefix.match(text):
        text = text[match.end() :]
    return split_top(text, " + ")[0].strip()


def last_name(type_text):
    """The name of a type without its module and arguments."""
    text = without_references(type_text)
    if text.startswith("["):
        return "array" if len(split_top(text[1:-1], ";")) == 2 else "slice"
    if text.startswith("("):
        return last_name(text[1:-1]) if is_group(text) else "tuple"
    if text.startswith("{"):
        return "closure" if text.startswith("{closure") else "future"
    if text.startswith("<") and " as " in text:
        return split_top(text, "::")[-1]
    if re.match(r"(unsafe |extern \S+ )*fn\(", text):
        return "fn"
    plain = [p for p in split_top(text, "::") if p and not p.startswith("<")]
    return re.sub(r"[<(].*", "", plain[-1]).strip() if plain else text


def is_group(text):
    """Are these parentheses around one type, no tuple?"""
    inner = text[1:-1]
    return bool(inner) and len(split_top(inner, ",")) == 1


def is_abstract(type_text, root_types):
    """A type parameter, `impl Trait`, `dyn Trait` or an associated type: dispatch is not decided here."""
    text = type_text.strip()
    bare = re.sub(r"^(&\s*|'\w+\s+|mut\s+)*", "", text).strip("()")
    if bare.startswith(("dyn ", "impl ", "<")):
        return True
    return re.fullmatch(r"\w+", bare) is not None and bare not in root_types and not is_primitive(bare)


def is_primitive(name):
    return re.fullmatch(r"[iu](8|16|32|64|128|size)|f32|f64|bool|char|str", name) is not None


@dataclasses.dataclass(frozen=True)
class Callee:
    """A function as MIR names it."""

    text: str
    name: str
    # The path of the owner, a type or a module, without generic arguments; for a trait's method that of the trait.
    owner: tuple
    # The type and the trait, with their arguments, of `<Type as Trait>::name`.
    type_text: str = ""
    trait_text: str = ""

    @property
    def owner_name(self):
        return self.owner[-1] if self.owner else ""


@functools.cache
def parse_callee(text):
    """Reads `<T as Trait>::name`, `a::Type::<X>::name`, `core::num::<impl u8>::name` and `a::name`."""
    segments = split_top(text, "::")
    if len(segments) > 1 and segments[-1].startswith("<"):
        segments.pop()
    name = re.sub(r"<.*", "", segments[-1])
    front = segments[:-1]
    if front and front[0].startswith("<") and " as " in front[0]:
        type_text, trait_text = qualified(front[0])
        return Callee(text, name, path_of(trait_text), type_text, trait_text)
    if front and front[-1].startswith("<impl ") and not "".join(front[-2:-1])[:1].isupper():
        return in_impl(text, name, front)
    if len(front) == 1 and front[0].startswith("<"):
        return Callee(text, name, path_of(front[0][1:-1]))
    return Callee(text, name, tuple(s for s in front if not s.startswith("<")))


def qualified(segment):
    """The parts of `<Type as Trait>`."""
    parts = split_top(segment[1:-1], " as ")
    return " as ".join(parts[:-1]) if len(parts) > 2 else parts[0], parts[-1]


def in_impl(text, name, front):
    """A function in `<impl Type>` or `<impl Trait for Type>`."""
    parts = split_top(front[-1].removeprefix("<impl ").removesuffix(">"), " for ")
    if len(parts) == 2:
        return Callee(text, name, path_of(parts[0]), parts[1], parts[0])
    module = tuple(s for s in front[:-1] if not s.startswith("<"))
    return Callee(text, name, (*module, last_name(parts[0])))


def path_of(type_text):
    """The path of a type or trait as a tuple, without arguments."""
    text = without_references(type_text)
    parts = [re.sub(r"[<(].*", "", p) for p in split_top(text, "::") if p and not p.startswith("<")]
    return (*parts[:-1], last_name(type_text)) if parts and parts[-1] else (last_name(type_text),)


# --- Reading MIR ------------------------------------------------------------------------------------------------------


class Extent(typing.NamedTuple):
    """Where an expression stands. Lines and columns start at 1, the end is exclusive."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int

    def holds(self, other):
        """Does `other` lie inside, and is smaller?"""
        if self.file != other.file or self == other:
            return False
        return self[1:3] <= other[1:3] and other[3:5] <= self[3:5]

    def __str__(self):
        return f"{self.file}:{self.line}:{self.column}"


SPAN = re.compile(r"(\S[^\n]*?):(\d+):(\d+): (\d+):(\d+)$")
CALL = re.compile(r"^ +\S.*? = (?P<callee>.*)\) -> (?:\[return: |unwind|bb\d)[^;]*;.*// scope \d+ at (?P<span>.*)$")
HEADER = re.compile(r"^// MIR for `(.*)` after built$")
IMPL_AT = re.compile(r"<impl at (.*?:\d+:\d+: \d+:\d+)>")


def parse_extent(text):
    match = SPAN.search(text)
    return Extent(match[1], *(int(match[i]) for i in range(2, 6))) if match else None


@dataclasses.dataclass(frozen=True)
class MirCall:
    """A call in the source as the compiler resolved it. Without a callee, the value of a variable is called."""

    extent: Extent
    crate: Crate
    callee: Callee | None

    @property
    def is_indirect(self):
        return self.callee is None or is_function_value(self.callee)


@dataclasses.dataclass(frozen=True)
class Definition:
    """A function of the workspace that has MIR."""

    crate: Crate
    path: tuple
    name: str
    file: str
    # Where the impl block stands, if the function is in one.
    line: int
    trait_text: str = ""
    type_text: str = ""
    generics: tuple = ()

    @property
    def type_name(self):
        return last_name(self.type_text) if self.type_text else ""

    @property
    def trait_name(self):
        return last_name(self.trait_text) if self.trait_text else ""


class Sources:
    """The text of the files of a workspace."""

    def __init__(self, root):
        self.root = root
        self.files = {}

    def lines(self, file):
        if file not in self.files:
            path = self.root / file
            self.files[file] = path.read_text(errors="replace").split("\n") if path.is_file() else []
        return self.files[file]

    def text(self, extent):
        lines = self.lines(extent.file)
        if not lines or extent.end_line > len(lines):
            return ""
        chosen = lines[extent.line - 1 : extent.end_line]
        chosen[-1] = chosen[-1][: extent.end_column - 1]
        chosen[0] = chosen[0][extent.column - 1 :]
        return "\n".join(chosen)


class Mir:
    """All calls and functions of a workspace that the compiler saw."""

    def __init__(self, workspace):
        self.sources = Sources(workspace.root)
        self.calls = collections.defaultdict(set)
        self.definitions = []
        for crate in workspace.crates:
            for path in sorted(crate.dumps.glob("*.mir")):
                self.read(crate, path)

    def read(self, crate, path):
        lines = path.read_text(errors="replace").split("\n")
        for at, line in enumerate(lines):
            if header := HEADER.match(line):
                self.define(crate, header[1], lines, at)
            elif ") -> " in line and (match := CALL.match(line)):
                self.add(crate, match, lines, at)

    def add(self, crate, match, lines, at):
        extent = parse_extent(match["span"])
        # Files outside of the workspace have absolute paths.
        if extent is None or Path(extent.file).is_absolute() or not self.sources.text(extent).endswith(")"):
            return
        if match["callee"].startswith(("move ", "copy ", "(", "*")):
            self.calls[extent].add(MirCall(extent, crate, None))
            return
        notes = [line.strip() for line in lines[at + 1 : at + 5]]
        span = next((parse_extent(n) for n in notes if n.startswith("// + span: ")), None)
        value = next((n for n in notes if n.startswith("// + const_: ")), None)
        if span is None or value is None or "val: Value(" not in value:
            return
        span = span._replace(file=span.file.removeprefix("// + span: "))
        text = value[value.rindex("val: Value(") + len("val: Value(") :].removesuffix(") }")
        call = MirCall(extent, crate, parse_callee(text))
        if extent.holds(span) and (call.is_indirect or called_name(self.sources.text(span)) == call.callee.name):
            self.calls[extent].add(call)

    def define(self, crate, name, lines, at):
        path = tuple(split_top(IMPL_AT.sub("{impl}", name), "::"))
        if path[-1].startswith(("{", "promoted[")):
            return
        place = next((parse_extent(l.split(" at ")[-1]) for l in lines[at : at + 400] if "// return place" in l), None)
        if place is None:
            return
        impl = IMPL_AT.search(name)
        file, line, head = place.file, place.line, ("", "", ())
        if impl:
            extent = parse_extent(impl[1])
            file, line = extent.file, extent.line
            head = parse_impl(self.sources.text(extent))
            if head is None:
                return
        self.definitions.append(Definition(crate, path, path[-1], file, line, *head))


def called_name(text):
    """The name at the end of `name`, `a::name` and `a::name::<T>`; macros give spans where other things stand."""
    segments = split_top(text.strip(), "::")
    if len(segments) > 1 and segments[-1].strip().startswith("<"):
        segments.pop()
    return segments[-1].strip().removeprefix("r#")


def parse_impl(text):
    """The trait, the type and the type parameters of `impl<T> Trait for Type`; nothing for a derive."""
    text = re.sub(r"\s+", " ", re.sub(r"//[^\n]*", "", text)).strip().removesuffix("{").strip()
    match = re.match(r"(?:unsafe )?impl\b ?", text)
    if not match:
        return None
    text, generics = text[match.end() :], ()
    if text.startswith("<"):
        end = closing(text)
        parameters = [p.strip() for p in split_top(text[1:end], ",")]
        generics = tuple(re.split(r"[ :=]", p.removeprefix("const "))[0] for p in parameters if not p.startswith("'"))
        text = text[end + 1 :].strip()
    text = split_top(text, " where ")[0]
    parts = split_top(text, " for ")
    return (parts[0].strip(), parts[1].strip(), generics) if len(parts) == 2 else ("", text.strip(), generics)


def closing(text):
    """Where the bracket that starts the text ends."""
    depth = 0
    for at, character in enumerate(text):
        depth += character in "<([{"
        depth -= character in ")]}" or (character == ">" and text[at - 1] not in "-=")
        if depth == 0:
            return at
    return len(text) - 1


# --- Comparing --------------------------------------------------------------------------------------------------------


class Verdict(typing.NamedTuple):
    """Without an answer whether it agrees, the two can not be compared."""

    agrees: bool | None
    reason: str


def agree(reason="equal"):
    return Verdict(True, reason)


def disagree(reason):
    return Verdict(False, reason)


# Agrees, but not to the letter. Counted by itself.
LOOSE = "loose: "
SAME_CRATE = LOOSE + "another type or module of the same crate"
SAME_STD = LOOSE + "another type or module of std"
ONLY_TRAIT = LOOSE + "only the trait is named, and the workspace implements it"
INDIRECT = Verdict(None, "the compiler calls a function value")
INSIDE = Verdict(False, "a method of what is inside the wrapper")


TYPE_ITEM = re.compile(r"\b(?:struct|enum|union|type)\s+(?:r#)?(\w+)")
ALIAS = re.compile(r"^(?:pub(?:\([^)]*\))?\s+)?type\s+(\w+)[^=;]*=\s*([^;]+);", re.MULTILINE)


class Declared:
    """What the files of a workspace declare, as far as it shows without parsing them."""

    def __init__(self, workspace):
        self.types, self.traits = set(), set()
        self.modules = {crate: set() for crate in workspace.crates}
        self.root_types = {c: set(TYPE_ITEM.findall(c.root_file.read_text(errors="replace"))) for c in workspace.crates}
        self.aliases = collections.defaultdict(set)
        for crate in workspace.crates:
            for file in crate.files():
                self.read(crate, file.read_text(errors="replace"))

    def read(self, crate, text):
        self.modules[crate].update(re.findall(r"\bmod\s+(?:r#)?(\w+)", text))
        self.types.update(TYPE_ITEM.findall(text))
        self.traits.update(re.findall(r"\btrait\s+(?:r#)?(\w+)", text))
        for name, target in ALIAS.findall(text):
            self.aliases[name].add(last_name(" ".join(target.split())))
        for statement in re.findall(r"^\s*(?:pub\S*\s+)?use\s[^;]+;", text, re.MULTILINE):
            for name, other in re.findall(r"(\w+)\s+as\s+(\w+)", statement):
                self.aliases[other].add(name)

    def has(self, name):
        return name in self.types or name in self.traits

    def names(self, name):
        """A name and those of the types that it may be an alias for."""
        found, open_names = set(), {name}
        while open_names:
            found |= open_names
            open_names = {n for o in open_names for n in self.aliases.get(o, ())} - found
        return found


class Judge:
    """Compares what initpath says about a call with what the compiler says."""

    def __init__(self, workspace, mir):
        self.mir = mir
        self.libraries = {c.name: c for c in workspace.crates if c.kind != "bin"}
        self.by_place = collections.defaultdict(list)
        self.by_name = collections.defaultdict(list)
        for definition in mir.definitions:
            self.by_place[definition.file, definition.name].append(definition)
            self.by_name[definition.name].append(definition)
        for found in self.by_place.values():
            found.sort(key=lambda d: d.line)
        self.declared = Declared(workspace)
        self.roots = {crate: set(self.declared.modules[crate]) for crate in workspace.crates}
        for definition in mir.definitions:
            self.roots[definition.crate].add(definition.path[0])

    # Which of the workspace's functions is it?

    def crate_of(self, path, own):
        """The crate of the workspace that a path in MIR starts in, and the path inside of it."""
        first = path[0] if path else ""
        if first in self.roots[own] or (first[:1].isupper() and self.declared.has(first)):
            return own, path
        if first in self.libraries:
            return self.libraries[first], path[1:]
        return None, path

    def is_local(self, call):
        """Is the callee declared in the workspace, as a function, a method of a type or of a trait?"""
        callee = call.callee
        path = callee.owner if callee.trait_text else (*callee.owner, callee.name)
        if self.crate_of(path, call.crate)[0] is None:
            return False
        if callee.trait_text:
            return callee.owner_name in self.declared.traits
        return any(self.is_same_item(d, callee, call.crate) for d in self.by_name[callee.name])

    def leads_inside(self, call):
        """Does the call run a function of the workspace for sure?"""
        return not call.is_indirect and (self.is_local(call) or self.implementation(call) is not None)

    def is_same_item(self, definition, callee, own):
        """Is this function, which belongs to no trait, the callee?"""
        crate, path = self.crate_of((*callee.owner, callee.name), own)
        if crate is None or not self.has_name(definition, callee):
            return False
        if crate == own:
            if definition.crate != own:
                return False
            return self.is_same_module(definition, path) if definition.type_text else definition.path == path
        # Of another crate the compiler names a path that is visible, which may be one of a re-export.
        if definition.crate.name == crate.name:
            return True
        return not any(d.crate.name == crate.name and self.has_name(d, callee) for d in self.by_name[callee.name])

    def has_name(self, definition, callee):
        """Do the names fit, of the function and of its type?"""
        if definition.trait_text or definition.name != callee.name:
            return False
        if definition.type_text:
            return callee.owner_name in self.names(definition.type_text)
        return not callee.owner_name[:1].isupper()

    def is_same_module(self, definition, path):
        """Two types of one name: the one of the impl block's own module, or of one that is not ambiguous."""
        rivals = {d.path[:-2] for d in self.by_name[definition.name] if self.is_rival(d, definition)}
        return len(rivals) < 2 or definition.path[:-2] == path[:-2]

    def is_rival(self, definition, other):
        """Does this method belong to a type of the same name in the same crate?"""
        if definition.crate != other.crate or not definition.type_text or definition.trait_text:
            return False
        return bool(self.names(definition.type_text) & self.names(other.type_text))

    def names(self, type_text):
        """The name of a type, and that of the type that it is an alias for."""
        return self.declared.names(last_name(type_text))

    def definition_of(self, target):
        """The MIR of a function that initpath names."""
        name = target["path"].split("::")[-1]
        found = self.by_place[target["file"], name]
        owner = target["path"].split("::")[-2]
        methods = [d for d in found if d.type_text and d.line <= target["line"]]
        if methods and (owner in self.names(methods[-1].type_text) or not [d for d in found if not d.type_text]):
            return methods[-1]
        plain = [d for d in found if not d.type_text]
        exact = [d for d in plain if len(d.path) < 2 or d.path[-2] == owner]
        return next(iter(exact or plain), None)

    def implementation(self, call):
        """The workspace's implementation of a trait's method for the type at this call, if there is one."""
        callee = call.callee
        if self.is_abstract(call):
            return None
        same = (d for d in self.by_name[callee.name] if d.trait_text and self.fits(d, callee))
        return next((d for d in same if last_name(callee.type_text) in self.names(d.type_text)), None)

    def is_abstract(self, call):
        return is_abstract(call.callee.type_text, self.declared.root_types[call.crate])

    def fits(self, definition, callee):
        """Is it the same trait, and are its arguments those of the impl block? `From<A>` is not `From<B>`."""
        if definition.trait_name != last_name(callee.trait_text):
            return False
        declared, used = arguments_of(definition.trait_text), arguments_of(callee.trait_text)
        if len(declared) != len(used):
            return True
        generic = (*definition.generics, "Self")
        return all(a in generic or b == "Self" or b in self.declared.names(a) for a, b in zip(declared, used))

    # The verdict.

    def verdict(self, tool, calls):
        """The best verdict, should macros have made several calls of one extent."""
        verdicts = [self.judge(tool, call) for call in sorted(calls, key=lambda c: c.callee.text if c.callee else "")]
        return next((v for v in verdicts if v.agrees), verdicts[0])

    def judge(self, tool, call):
        if call.is_indirect:
            return agree() if tool["kind"] == "block" else INDIRECT
        if tool["kind"] == "block":
            return disagree("a function, no closure")
        if tool["kind"] == "local":
            verdicts = [self.judge_local(target, call) for target in tool["targets"]]
            return next((v for v in verdicts if v.agrees), verdicts[0] if verdicts else disagree("no target"))
        return self.judge_library(tool["path"].split("::"), call)

    def judge_local(self, target, call):
        callee, definition = call.callee, self.definition_of(target)
        path = target["path"].split("::")
        if path[-1] != callee.name:
            return self.judge_conversion(definition, callee) or disagree("another function")
        if callee.trait_text:
            return self.judge_trait(path, definition, call)
        if definition is None:
            return disagree("initpath's target has no MIR") if self.is_local(call) else disagree("a library function")
        if self.is_same_item(definition, callee, call.crate):
            return agree()
        return disagree("another function of the workspace") if self.is_local(call) else disagree("a library function")

    def judge_conversion(self, definition, callee):
        """`x.into()` leads to the workspace's `From`; so do `parse` and `to_string` to their traits."""
        pairs = {("into", "from"), ("try_into", "try_from"), ("parse", "from_str"), ("to_string", "fmt")}
        if definition is None or (callee.name, definition.name) not in pairs:
            return None
        return agree("conversion")

    def judge_trait(self, path, definition, call):
        callee = call.callee
        trait = last_name(callee.trait_text)
        if definition is None or not definition.type_text:
            if path[-2] != trait:
                return disagree("another trait or type")
            return disagree("the type has its own method") if self.implementation(call) else agree()
        if definition.trait_name != trait:
            return disagree("another trait or type")
        if self.is_abstract(call):
            return agree("dispatched")
        names = self.names(definition.type_text)
        if last_name(callee.type_text) in names or definition.type_name in definition.generics:
            return agree() if self.fits(definition, callee) else disagree("other arguments of the trait")
        return disagree("another type")

    def judge_library(self, path, call):
        callee = call.callee
        if path[-1] != callee.name:
            return disagree("another function")
        if self.is_local(call):
            return disagree("a function of the workspace")
        owner = last_name(path[-2]) if len(path) > 1 else ""
        if callee.trait_text:
            return self.judge_library_trait(path, owner, call)
        return judge_owner(path, owner, callee)

    def judge_library_trait(self, path, owner, call):
        callee = call.callee
        trait, type_name = last_name(callee.trait_text), last_name(callee.type_text)
        if self.implementation(call):
            return agree(ONLY_TRAIT) if owner == trait else disagree("the workspace implements the trait for this type")
        if owner in (trait, type_name) or type_name in DEREFERENCES.get(owner, ()):
            return agree()
        if owner in WRAPPERS:
            return INSIDE
        if owner in DEREFERENCES.get(type_name, ()):
            return agree(SAME_STD)
        if path[0] not in STD and same_crate(path[0], path_of(callee.trait_text)[0]):
            return agree(SAME_CRATE)
        return disagree("another type or trait")


def is_function_value(callee):
    """`Fn::call` and its kin, which stand for calling a closure or a generic function."""
    return callee.owner_name in ("Fn", "FnMut", "FnOnce", "AsyncFn", "AsyncFnMut", "AsyncFnOnce") and (
        callee.name.removeprefix("async_") in ("call", "call_mut", "call_once")
    )


def arguments_of(text):
    """The names of the type arguments of a trait."""
    inner = split_top(text, "::")[-1]
    if "<" not in inner:
        return []
    arguments = split_top(inner[inner.index("<") + 1 : -1], ",")
    return [last_name(a) for a in arguments if not a.strip().startswith("'") and "=" not in a.split("<")[0]]


def judge_owner(path, owner, callee):
    """Compares the types or modules of two library functions of one name."""
    found = callee.owner_name
    if owner == found or found in DEREFERENCES.get(owner, ()):
        return agree()
    if owner in WRAPPERS:
        return INSIDE
    # The compiler may see std through another crate: `derive_more::core::slice`.
    if path[0] in STD and STD.intersection(callee.owner[:2]):
        return agree(SAME_STD)
    is_same = callee.owner and same_crate(path[0], callee.owner[0])
    return agree(SAME_CRATE) if is_same else disagree("another type")


def same_crate(one, other):
    """Crates of one family re-export each other: `sqlx` and `sqlx_core`."""
    return one.split("_")[0] == other.split("_")[0]


# --- Measuring --------------------------------------------------------------------------------------------------------


def resolved_calls(tool, manifest):
    command = [tool] if tool else default_tool()
    done = subprocess.run([*command, str(manifest)], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise Failure(f"{manifest}: the tool failed")
    return [json.loads(line) for line in done.stdout.splitlines()]


def default_tool():
    manifest = REPOSITORY / "Cargo.toml"
    example = ["--release", "--quiet", "--example", "resolved_calls"]
    return ["cargo", "run", f"--manifest-path={manifest}", *example, "--"]


def extent_of(tool):
    return Extent(tool["file"], tool["line"], tool["column"], tool["end_line"], tool["end_column"])


def described(tool):
    """What initpath says about a call, in a line."""
    if tool["kind"] == "local":
        places = [f"{t['path']} ({t['file']}:{t['line']})" for t in tool["targets"]]
        return ("dispatched to " if tool["dispatched"] else "") + ", ".join(places)
    return tool["kind"] + (f" {tool['path']}" if tool["path"] else "")


def measure(workspace, tool_calls):
    """Compares all calls of a workspace. Answers counts, disagreements and unknown calls."""
    mir = Mir(workspace)
    judge = Judge(workspace, mir)
    by_extent = collections.defaultdict(list)
    for tool in tool_calls:
        by_extent[extent_of(tool)].append(tool)
    counts = collections.Counter(dict.fromkeys(COLUMNS, 0), mir=len(mir.calls))
    lists = {key: [] for key in ("disagree", "loose", "indirect", "unknown", "inside", "unseen")}
    for extent, calls in sorted(mir.calls.items()):
        tool = chosen(by_extent[extent], calls)
        verdict = judge.verdict(tool, calls) if tool and tool["kind"] != "unknown" else None
        entry = entry_of(extent, tool, calls, verdict, mir.sources)
        for key in counted_as(tool, verdict, any(judge.leads_inside(call) for call in calls)):
            counts[key] += 1
            if key in lists:
                lists[key].append(entry)
    return {"workspace": workspace.name, "failed": workspace.failed, "counts": dict(counts), **lists}


def chosen(tools, calls):
    """Of the calls that initpath sees at one place, for it may also see a function that is passed, the call itself."""
    names = {c.callee.name for c in calls if c.callee}
    return next((t for t in tools if name_of(t) in names), tools[0] if tools else None)


def name_of(tool):
    path = tool["targets"][0]["path"] if tool["targets"] else tool["path"] or ""
    return path.split("::")[-1]


def counted_as(tool, verdict, inside):
    """The columns that a call counts in."""
    if tool is None:
        return ["unseen"]
    if verdict is None:
        return ["matched", "unknown", *(["inside"] if inside else [])]
    if verdict.agrees is None:
        return ["matched", "resolved", "indirect"]
    if not verdict.agrees:
        return ["matched", "resolved", "disagree"]
    return ["matched", "resolved", "agree", *(["loose"] if verdict.reason.startswith(LOOSE) else [])]


def entry_of(extent, tool, calls, verdict, sources):
    compiler = sorted({c.callee.text if c.callee else "(function value)" for c in calls})
    source = " ".join(sources.text(extent).split())
    return {
        "place": str(extent),
        "source": source,
        "caller": tool["caller"] if tool else None,
        "kind": tool["kind"] if tool else None,
        "initpath": described(tool) if tool else None,
        "compiler": compiler,
        "reason": verdict.reason if verdict else None,
    }


# --- Reporting --------------------------------------------------------------------------------------------------------

COLUMNS = ["mir", "matched", "resolved", "unknown", "inside", "indirect", "agree", "loose", "disagree"]


def percent(part, whole):
    return 100.0 * part / whole if whole else 100.0


def print_table(results):
    width = max([len("workspace"), len("all"), *(len(r["workspace"]) for r in results)])
    titles = (f"{title:>9}" for title in [*COLUMNS, "resolved%", "agree%", "strict%"])
    print(f"{'workspace':{width}}", *titles)
    for result in results:
        print_row(result["workspace"], result["counts"], width)
    if len(results) > 1:
        print_row("all", total(results), width)


def print_row(name, counts, width):
    numbers = (f"{counts[c]:>9}" for c in COLUMNS)
    resolved = percent(counts["resolved"], counts["matched"])
    strict = percent(counts["agree"] - counts["loose"], counts["agree"] + counts["disagree"])
    print(f"{name:{width}}", *numbers, f"{resolved:>9.2f}", f"{agreement(counts):>9.2f}", f"{strict:>9.2f}")


def agreement(counts):
    return percent(counts["agree"], counts["agree"] + counts["disagree"])


def total(results):
    return sum((collections.Counter(r["counts"]) for r in results), collections.Counter({c: 0 for c in COLUMNS}))


def print_entries(title, results, key):
    """Lists calls under what the compiler and initpath say differently, the most frequent first."""
    groups = collections.defaultdict(list)
    for result in results:
        for entry in result[key]:
            groups[entry["reason"], entry["kind"]].append((result["workspace"], entry))
    if groups:
        print(f"\n{title}")
    for (reason, kind), entries in sorted(groups.items(), key=lambda g: (-len(g[1]), g[0])):
        print(f"\n  {reason}; initpath says {kind} ({len(entries)})")
        for workspace, entry in entries:
            print(f"\n    {workspace}: {entry['place']}  {shortened(entry['source'])}")
            print(f"      initpath: {entry['initpath']}")
            print(f"      compiler: {' | '.join(entry['compiler'])}")


def shortened(text, limit=120):
    return text if len(text) <= limit else f"{text[: limit // 2]} … {text[-limit // 2 :]}"


def print_unknown(title, results, key, limit):
    """Lists the functions whose calls initpath does not resolve most often."""
    groups = collections.defaultdict(list)
    for result in results:
        for entry in result[key]:
            groups[entry["initpath"]].append((result["workspace"], entry))
    if not groups or not limit:
        return
    print(f"\n{title}")
    for name, entries in sorted(groups.items(), key=lambda g: (-len(g[1]), g[0]))[:limit]:
        workspace, entry = entries[0]
        print(f"  {len(entries):>5}  {name}  ({workspace}: {entry['place']}, {' | '.join(entry['compiler'])})")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifests", nargs="+", metavar="MANIFEST", help="Cargo.toml of a workspace")
    parser.add_argument("--tool", help="binary to run in place of the example resolved_calls")
    parser.add_argument("--json", help="file to write all results to")
    parser.add_argument("--unknown", type=int, default=15, help="how many of the unresolved names to list")
    parser.add_argument("--all", action="store_true", help="list also what agrees loosely or can not be compared")
    parser.add_argument("--cargo", action="append", default=[], metavar="ARGUMENT", help="argument for cargo check")
    arguments = parser.parse_args()
    measured = [attempt(manifest, arguments) for manifest in arguments.manifests]
    results = [result for result in measured if result]
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(results, indent=1, ensure_ascii=False))
    if results:
        report(results, arguments)
    if len(results) < len(measured):
        return 2
    return 0 if agreement(total(results)) >= THRESHOLD else 1


def attempt(manifest, arguments):
    """Measures a workspace, or says why that is not possible."""
    try:
        workspace = compile_workspace(manifest, arguments.cargo)
        return measure(workspace, resolved_calls(arguments.tool, manifest))
    except Failure as failure:
        print(failure, file=sys.stderr)
        return None


def report(results, arguments):
    print_table(results)
    for result in results:
        if result["failed"]:
            print(f"\nnot compiled in {result['workspace']}: {', '.join(result['failed'])}")
    print_entries("Disagreements", results, "disagree")
    if arguments.all:
        print_entries("Loose agreement", results, "loose")
        print_entries("Calls of function values", results, "indirect")
    print_unknown("Functions of the workspace that are not resolved most often", results, "inside", arguments.unknown)
    print_unknown("Not resolved most often", results, "unknown", arguments.unknown)


if __name__ == "__main__":
    sys.exit(wrap_rustc(sys.argv[1:]) if DUMPS in os.environ and len(sys.argv) > 1 else main())
