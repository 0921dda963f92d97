"""What a hook may answer, read from the return annotation of its specification."""

from __future__ import annotations

import collections.abc
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Union, get_args, get_origin, get_type_hints

_UNIONS = (Union, types.UnionType)


@dataclass(frozen=True, slots=True)
class AnswerRule:
    """The answers that one hook allows."""

    classes: tuple[type, ...]
    """An answer, or an item of it, is an object of one of these."""
    of_types: tuple[type, ...]
    """Or a subclass of one of these."""
    many: bool
    """Whether an answer may be a list or tuple of items."""
    one: bool
    """Whether an answer may be a single item."""

    def read(self, answer: object) -> tuple[Any, ...]:
        """Return the items of an answer; none for None, or where the hook asks for nothing.

        Raises TypeError when the answer is not what the hook asks for.
        """
        if answer is None or not (self.classes or self.of_types):
            return ()
        if self.many and isinstance(answer, list | tuple):
            return tuple(self._item(item) for item in answer)
        if not self.one:
            msg = f"The answer should be a list, and is {answer!r:.200}."
            raise TypeError(msg)
        return (self._item(answer),)

    def _item(self, item: object) -> object:
        if isinstance(item, self.classes) and not isinstance(item, bool):
            return item
        if self.of_types and isinstance(item, type) and issubclass(item, self.of_types):
            return item
        wanted = [cls.__name__ for cls in self.classes]
        wanted += [f"subclass of {cls.__name__}" for cls in self.of_types]
        msg = f"The answer should be a {' or '.join(wanted)}, and is {item!r:.200}."
        raise TypeError(msg)


def rule_of(specification: Callable[..., Any]) -> AnswerRule:
    """Read the rule from a hook's specification."""
    annotation = get_type_hints(specification)["return"]
    classes: list[type] = []
    of_types: list[type] = []
    many = one = False
    for option in get_args(annotation) if get_origin(annotation) in _UNIONS else (annotation,):
        if option is types.NoneType:
            continue
        is_sequence = get_origin(option) is collections.abc.Sequence
        many, one = many or is_sequence, one or not is_sequence
        item = get_args(option)[0] if is_sequence else option
        if get_origin(item) is type:
            of_types.append(_plain(get_args(item)[0]))
        else:
            classes.append(_plain(item))
    return AnswerRule(tuple(dict.fromkeys(classes)), tuple(of_types), many, one)


def _plain(annotation: Any) -> type:
    """Return the class itself for a generic such as `Channel[BaseModel]`."""
    plain: type = get_origin(annotation) or annotation
    return plain
