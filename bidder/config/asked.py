"""What conditions ask for that nothing ever is: a phase that there is none of, an event that no calendar has.

A comparison with a misspelt word is a correct condition that chooses nothing: the rule would be silent on the one day
it was written for. Where bidder itself has the list of words, another one is a fault; where the configuration has it,
a warning. Called by :mod:`bidder.config.rules` and :mod:`bidder.config.sense`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches

from bidder.catalog import Account, BudgetStatus, Mode, Product
from bidder.errors import Fault
from bidder.promotion import Phase, Promotion
from bidder.rules.base import Rule
from bidder.rules.conditions import Condition, inside, tokens
from bidder.written import did_you_mean

__all__ = ["asked", "never_are", "unheard_of"]

WORDS: Mapping[str, Sequence[str]] = {
    "product.role": ("hero", "auxiliary"),
    "event.phase": tuple(Phase),
    "budget.status": tuple(BudgetStatus),
    "account.mode": tuple(Mode),
}
"""Names of which bidder has every word; empty is always one."""

CHANNELS = ("search", "feed", "site", "item_ops", "content", "live", "activity")
"""The usual ones; a file may have others, so only what is nearly one of them is told."""

_NEARLY = 0.75


def asked(text: str) -> Iterator[tuple[str, str, int]]:
    """(name, the text it is compared with, where that stands) of each comparison with a written text."""
    found = list(tokens(text))
    words = [word for _, word, _ in found]
    for index, (kind, word, start) in enumerate(found):
        if kind != "string" or word[0] not in "'\"" or word[:3] in ("'''", '"""'):
            continue
        value = word[1:-1].replace("\\'", "'").replace('\\"', '"').replace("\\\\", "\\")
        before, after = words[max(index - 2, 0) : index], words[index + 1 : index + 3]
        if before in (["=", "="], ["!", "="]) and index >= 3 and found[index - 3][0] == "name":
            yield words[index - 3], value, start
        elif after in (["=", "="], ["!", "="]) and index + 3 < len(found) and found[index + 3][0] == "name":
            yield words[index + 3], value, start
        elif (name := _of_list(words, index)) is not None:
            yield name, value, start


def _of_list(words: Sequence[str], index: int) -> str | None:
    """The name of `name in ['a', 'b']` for one of its texts."""
    place = index - 1
    while place > 1 and words[place] != "[":
        if words[place] != "," and words[place][0] not in "'\"":
            return None
        place -= 1
    return words[place - 2] if place > 1 and words[place - 1] == "in" else None


def never_are(condition: Condition) -> Iterator[Fault]:
    """Words that a name never has, whatever the shop."""
    for name, value, start in asked(condition.text):
        known = WORDS.get(name, ())
        if known and value and value not in known:
            hint = did_you_mean(value, known) or f"; there are {', '.join(known)}"
            yield Fault(inside(condition.source, condition.text, start), f"{name}: is never {value!r}{hint}")


def unheard_of(
    rules: Sequence[Rule], calendar: Sequence[Promotion], products: Sequence[Product], accounts: Sequence[Account]
) -> Iterator[Fault]:
    """Events, categories, channels and accounts that nothing else in the configuration has."""
    events = [one.name for one in calendar]
    categories = sorted({one.category for one in products if one.category})
    names = [str(one.id) for one in accounts]
    for rule in rules:
        for condition in (rule.where, rule.when):
            if condition is None or not rule.enabled:
                continue
            for name, value, _ in asked(condition.text):
                said = None
                if name == "event.name" and events and value and value not in events:
                    said = f"no event of the calendar is {value!r}" + did_you_mean(value, events)
                elif name == "product.category" and categories and value and value not in categories:
                    said = f"no product's category is {value!r}" + did_you_mean(value, categories)
                elif name == "budget.id" and names and value.partition("/")[0] not in names:
                    said = f"expected ACCOUNT/BUDGET with one of the accounts {', '.join(names)}, was {value!r}"
                elif name == "channel" and value not in CHANNELS:
                    near = get_close_matches(value, CHANNELS, n=1, cutoff=_NEARLY)
                    said = f"channel {value!r}; did you mean {near[0]}?" if near else None
                if said is not None:
                    yield Fault(condition.source, f"{rule.name}: {said}")
