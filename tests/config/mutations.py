"""The example shop with one mistake in it, many times: what a tired person types.

`mutations()` walks every scalar and key of the example's YAML and gives each the mistakes that its form invites.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import yaml

EXAMPLE = Path(__file__).resolve().parents[2] / "config"
FILES = ("bidder.yaml", "rules/base.yaml", "rules/events.yaml", "rules/steps.yaml", "calendar.yaml")


@dataclass(frozen=True)
class Mutation:
    """A file of the example with one place changed; `line` is where a person has to be led."""

    what: str
    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.what}"


def copy_of_example(folder: Path) -> Path:
    """The example in a folder of its own; returns its bidder.yaml."""
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("*.db*", "sandbox.json*"), dirs_exist_ok=True)
    return folder / "bidder.yaml"


def mutations() -> Iterator[Mutation]:
    """Every mistake, file by file."""
    for file in FILES:
        text = (EXAMPLE / file).read_text("utf-8")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        assert node is not None
        # the same few keys again and again: some of them in each place are enough
        yield from islice(_of_node(node, file, text, ()), 0, None, 5 if file == "calendar.yaml" else 1)


def _of_node(node: yaml.Node, file: str, text: str, path: tuple[str, ...]) -> Iterator[Mutation]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*path, str(key.value))
            yield from _of_key(key, file, text)
            yield from _of_type(value, file, text, here)
            yield from _of_node(value, file, text, here)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _of_node(item, file, text, path)
    else:
        yield from _of_scalar(node, file, text, path)


def _of_key(key: yaml.Node, file: str, text: str) -> Iterator[Mutation]:
    line = key.start_mark.line + 1
    word = str(key.value)
    typo = word[:1] + word[2:] if len(word) > 3 else word + "x"
    yield Mutation(f"{word} misspelt as {typo}", file, line, _put(text, key, typo))
    if word.upper() != word:
        yield Mutation(f"{word} in capitals", file, line, _put(text, key, word.upper()))
    yield Mutation(f"an unknown key before {word}", file, line, _put(text, key, f"zzz: 1{_next(text, key)}{word}"))


def _of_type(value: yaml.Node, file: str, text: str, path: tuple[str, ...]) -> Iterator[Mutation]:
    line = value.start_mark.line + 1
    if path[-1] in ("note", "title"):
        return
    scalar = isinstance(value, yaml.ScalarNode)
    if scalar:
        yield Mutation(f"{'.'.join(path)} as a list", file, line, _put(text, value, "[[1]]"))
        yield Mutation(f"{'.'.join(path)} as a mapping", file, line, _put(text, value, "{zzz: 1}"))
        if path[-1] not in ("objective", "currency"):
            yield Mutation(f"{'.'.join(path)} empty", file, line, _put(text, value, ""))
    elif value.start_mark.line == value.end_mark.line:
        yield Mutation(f"{'.'.join(path)} as a number", file, line, _put(text, value, "5"))


def _of_scalar(value: yaml.Node, file: str, text: str, path: tuple[str, ...]) -> Iterator[Mutation]:
    line, was, name = value.start_mark.line + 1, str(value.value), path[-1]
    wrong: list[str] = []
    if re.fullmatch(r"-?\d+%", was):
        number = was.rstrip("%")
        wrong = [number, str(int(number) / 100), f"{number} percent"]
        if int(number) == 0:
            yield from (
                Mutation(f"{'.'.join(path)}: {was} as {one}", file, line, _put(text, value, one)) for one in wrong
            )
            return
        wrong.append(f"{number}00%")
        if path[-2:] != ("step", "max"):
            wrong.append(f"-{was}")
    elif re.fullmatch(r"\d+[mhd]", was):
        wrong = [was[:-1], f"-{was}", f"{was[:-1]}x", f"{was[:-1]}.5.5h", f"{was[:-1]} hours"]
    elif re.fullmatch(r"\d+", was) and name not in ("seed", "days", "or_clicks", "name"):
        wrong = [f"-{was}", f"{was}%", f"{was}d", "0", "abc", "true", f"{was} XYZ", f"{was[0]},{was[1:]}", ".nan"]
        wrong += [f"{was}0000", f"{was[0]}_{was[1:]}", f"{was} USD", "1e9"]
    elif re.fullmatch(r"\d+", was) and name != "name":
        wrong = [f"-{was}9", f"{was}.5", f"{was}%", "abc", f"0{was}1", "true"]
    elif name in ("mode", "platform", "timezone", "objective", "currency", "when"):
        wrong = [f"{was}x", "5", "true"]
    elif name in ("from", "until"):
        wrong = ["9:30", '"25:00"', '"9.30"', "930"]
    elif name == "where":
        wrong = [f'"{was} and true"', '"prodct.id == 1"', '"channel"', '"channel == ("', "5"]
    elif name in ("store", "listen"):
        wrong = ["nowhere", "5", '"http://x"']
    elif name == "min" and was.startswith("break_even"):
        wrong = ["brek_even", "250%", "-1", "0", '"break_even *"', "true"]
    elif name in ("tag", "channel"):
        wrong = ['""', "[]", "no_such_word", "true"]
    elif name in ("products", "rules"):
        wrong = ["no-such-file*.csv", "5"]
    elif path == ("shop", "name") or path == ("accounts", "name"):
        wrong = ["Tea House", '"-x"', '""', '"茶"']
    for one in wrong:
        if name in ("fee", "fee_each") and (one in ("0", "-0") or was == "0"):
            continue  # nothing is a fee as well
        if (name == "channel" and one == "no_such_word") or (path[-2:] == ("step", "min") and one == "10%"):
            continue  # what channels there are is known once the platform was asked; 10% is right there
        yield Mutation(f"{'.'.join(path)}: {was} as {one}", file, line, _put(text, value, one))


def _put(text: str, node: yaml.Node, new: str) -> str:
    return text[: node.start_mark.index] + new + text[node.end_mark.index :]


def _next(text: str, key: yaml.Node) -> str:
    """What separates two keys here: a comma inside braces, a line break with the same indentation elsewhere."""
    start = text.rfind("\n", 0, key.start_mark.index) + 1
    before = text[start : key.start_mark.index]
    return ", " if before.count("{") > before.count("}") else "\n" + " " * key.start_mark.column
