"""AWS's documented examples, read at test time from the packages that are installed: those of the command line's reference
(awscli/examples) and those of the API descriptions (botocore/data/*/examples-1.json). Nothing of their text is kept here.

An example is run as it stands there: in the stock CLI, its files beside it, or by boto3. Then `differences` compares the answer with
the documented one, member by member both ways; a room's test holds what differs against its own list of reasons."""
import importlib.util
import io
import json
import re
import shlex
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import botocore
from tests.support.client_kit import client_environment

CLI = Path(importlib.util.find_spec("awscli").origin).parent  # found, not imported: that would lead every CLI started from here to its data
REGION, ACCOUNT = "us-west-2", "123456789012"

# What no two answers have in common, by its shape: ids, times, account numbers of the documentation. Each becomes one word.
SHAPES = [(r"\b\w{8}-\w{4}-\w{4}-\w{4}-\w{12}\b", "<id>"), (r"\b\d{14}-[0-9a-z]{8}\b", "<id>"), (r"\b[0-9a-f]{32,36}\b", "<id>"), (r"\bshardId-[0-9a-f-]+\b", "<shard>"),
          (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[\d.]*(?:[+-]\d\d:\d\d|Z)?", "<time>"), (r"\b\d{10,25}\b", "<number>"), (r"\bus-(?:east|west)-\d\b", "<region>")]


def shape(text):
    for pattern, word in SHAPES:
        text = re.sub(pattern, word, text)
    return text


class Example:
    """One command with its files, or one call with its input; `output` is what is documented, None where nothing is."""

    def __init__(self, command, output=None):
        self.command, self.files, self.output = command, {}, output


def cli_examples(service):
    """{"get-item 0": Example}: those of one service in the order of the files, numbered in each file."""
    folder = CLI / "examples" / service
    return {f"{path.relative_to(folder).with_suffix('')} {i}": example for path in sorted(folder.rglob("*.rst")) for i, example in enumerate(read(path.read_text()))}


def read(text):
    """The examples of one file: commands are blocks that begin with "aws", each with the blocks behind it that its headings call its files or its output."""
    found = []
    for head, body in re.findall(r"^(\S[^\n]*(?:\n[^\n\S]*\S[^\n]*)*)\n[ \t]*\n((?:[ \t]+[^\n]*\n|[ \t]*\n)+)", text + "\n", re.M):
        body = "\n".join(line.expandtabs(4) for line in body.splitlines()).strip()
        named = re.search(r"``?([\w-]+\.(?:json|txt))``?|\b([\w-]+\.(?:json|txt))\b", head)
        if body.startswith("aws "):
            found.append(Example(re.sub(r"\\\s*\n", " ", body)))
        elif found and head.strip().startswith("Output"):
            found[-1].output = parse(body)
        elif found and named and f"file://{named[1] or named[2]}" in found[-1].command:
            found[-1].files[named[1] or named[2]] = body
    return found


def parse(body):
    """What is documented; text where that is no JSON: some examples are cut, or have a comma too many."""
    try:
        return json.loads(body, strict=False)
    except json.JSONDecodeError:
        return body


def api_examples(service, version):
    """{"GetItem 0": Example}: those of one API; the command is the input."""
    described = json.loads((Path(botocore.__file__).parent / "data" / service / version / "examples-1.json").read_text())["examples"]
    return {f"{operation} {i}": Example(e["input"], e.get("output")) for operation, examples in described.items() for i, e in enumerate(examples)}


class Terminal:
    """A person's shell in a folder of their own, with the stock CLI on a server."""

    def __init__(self, server, folder, monkeypatch):
        self.folder = folder
        monkeypatch.chdir(folder)
        for name, value in client_environment(server.url, AWS_ACCESS_KEY_ID=ACCOUNT, AWS_DEFAULT_REGION=REGION, AWS_DATA_PATH=str(CLI / "data")).items():
            monkeypatch.setenv(name, value)

    def run(self, example, names=()):
        """Its answer, or None; `names` are pairs of a pattern and what the thing that it matches is called here."""
        from awscli.clidriver import create_clidriver
        command, out, wrong = example.command, io.StringIO(), io.StringIO()
        for name, text in example.files.items():
            (self.folder / name).write_text(text)
        for pattern, name in names:
            command = re.sub(pattern, name, command)
        with redirect_stdout(out), redirect_stderr(wrong):
            code = create_clidriver().main(shlex.split(command)[1:] + ["--output", "json"])
        assert code == 0, f"{command}\n{wrong.getvalue()}"
        return json.loads(out.getvalue()) if out.getvalue().strip() else None


def assert_documented(documented, actual, listed=None, later=()):
    """Nothing differs but what is listed ({path: reason}), and members that are told today and were not then; and all that is listed does."""
    listed = listed or {}
    found = {path: what for path, what in differences(documented, actual).items() if path.rpartition("+")[2] not in later}
    unlisted = "\n".join(f"{path}: {what}" for path, what in found.items() if path not in listed)
    assert not unlisted, unlisted
    assert not [path for path in listed if path not in found], "listed, and it agrees"


def differences(documented, actual, path=""):
    """{path: what differs there}: "+" before the last member's name: it is not documented; "-": it is documented, and absent."""
    found = {}
    if isinstance(documented, dict) and isinstance(actual, dict):
        at = f"{path}." if path else ""
        documented, actual = ({k: v for k, v in each.items() if v is not None} for each in (documented, actual))  # null: the CLI's word for what is not there
        for k in documented.keys() | actual.keys():
            if k not in actual:
                found[f"{at}-{k}"] = f"documented {documented[k]!r}"
            elif k not in documented:
                found[f"{at}+{k}"] = f"{actual[k]!r}"
            else:
                found.update(differences(documented[k], actual[k], f"{at}{k}"))
    elif isinstance(documented, list) and isinstance(actual, list):
        if len(documented) != len(actual):
            found[f"{path}[]"] = f"{len(actual)} elements, documented {len(documented)}"
        in_order, sorted_too = ({k: v for d, a in zip(documented, elements) for k, v in differences(d, a, f"{path}[]").items()} for elements in (actual, paired(documented, actual)))
        found.update({f"{path}[] in another order": f"{actual!r}, documented {documented!r}", **sorted_too} if in_order and len(sorted_too) < len(in_order) else in_order)
    elif not same(documented, actual, path.rpartition(".")[2]):
        found[path] = f"{actual!r}, documented {documented!r}"
    return found


def paired(documented, actual):
    """The elements of `actual`, each where the one stands that it is most like."""
    left, found = list(actual), []
    for d in documented[:len(actual)]:
        found.append(min(left, key=lambda a: len(differences(d, a))))
        left.remove(found[-1])
    return found + left


def same(documented, actual, name):
    if documented == actual:
        return True
    if name.endswith(("Token", "Iterator", "IteratorArn")):
        return isinstance(documented, str) and isinstance(actual, str)
    if name.endswith(("Time", "Date")):  # as numbers by an older CLI
        return isinstance(documented, (int, float, str)) and isinstance(actual, (int, float, str)) or hasattr(actual, "isoformat")
    return isinstance(documented, str) and isinstance(actual, str) and shape(documented) == shape(actual)
