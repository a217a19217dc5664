"""Groups: the trainable variables that one call of an update rule moves together, as one vector.

An update rule such as Adam's treats every number alike, so it needs no loop over variables: the variables of one
dtype are packed into one flat vector (`engine.variable.pack`), their gradients are joined into one vector, and every
slot (a momentum, an accumulator) is one vector too. A rule that looks at whole variables (at their norm or their
shape) gets a group for each variable instead, and so does every rule on a backend that compiles whole programs.

Notation: a group has `k` members of sizes `n_0 .. n_{k-1}`, and `n` is their sum. With `k == 1` nothing is flattened:
    the group's variable is the member itself, with its own shape.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from kcore.engine import backend, tracing
from kcore.engine import primitives as P
from kcore.engine.variable import ZEROS_IN_A_PACK, Variable, name_scope, pack


class Group:
    """Variables that are read, updated and written as one.

    Args:
        members: trainable variables of one dtype.

    Attributes:
        variable: what the rule sees: the member, the pack of the members, or, when a member belongs to another pack
            already, a copy that `load` fills and `store` writes back.
        slots: the rule's state for this group: slot name -> the (flat) variable.
    """

    def __init__(self, members: Sequence[Variable]):
        self.members = list(members)
        self.sizes = [math.prod(member.shape) for member in self.members]
        self.slots: dict[str, Variable] = {}
        self._parts: dict[str, list[Variable]] = {}
        self._positions = {id(member): i for i, member in enumerate(self.members)}
        self._copies = False
        self.variable = self._home()

    def _home(self) -> Variable:
        if len(self.members) == 1:
            return self.members[0]
        packed = pack(self.members)
        if packed is not None:
            return packed
        self._copies = True
        with tracing.eager():
            return Variable(
                "zeros", shape=(sum(self.sizes),), dtype=self.members[0].dtype, trainable=False, name="joined"
            )

    @property
    def dtype(self) -> str:
        """The dtype of the members."""
        return self.variable.dtype

    @property
    def is_flat(self) -> bool:
        """Whether the rule sees a vector of several members."""
        return len(self.members) > 1

    def __contains__(self, variable: Variable) -> bool:
        return id(variable) in self._positions

    def load(self) -> None:
        """Bring the rule's variable up to date with the members (only where they couldn't be packed)."""
        if self._copies:
            self.variable.assign(self.join([member.value for member in self.members]))

    def store(self) -> None:
        """Write the rule's result back to the members (only where they couldn't be packed)."""
        if not self._copies:
            return
        value = self.variable.value
        for member, part in zip(self.members, self.split(value), strict=True):
            member.assign(P.reshape(part, shape=tuple(member.shape)))

    def join(self, tensors: Sequence):
        """The members' tensors as the rule sees them: one tensor of shape `(n,)`, or the only member's as it is."""
        if not self.is_flat:
            return tensors[0]
        flat = [t if len(t.shape) == 1 else P.reshape(t, shape=(n,)) for t, n in zip(tensors, self.sizes, strict=True)]
        return P.concat(*flat, axis=0)

    def split(self, vector) -> list:
        """The members' parts of a `(n,)` tensor: `k` tensors of shape `(n_i,)`; of a single member, it."""
        if not self.is_flat:
            return [vector]
        ends = np.cumsum(self.sizes).tolist()
        return [
            P.slice(vector, start=(end - n,), stop=(end,), step=(1,)) for end, n in zip(ends, self.sizes, strict=True)
        ]

    def gather(self, gradients: dict[int, object]):
        """The group's gradient, in the group's dtype; a member without one counts as zeros.

        Args:
            gradients: variable id -> gradient tensor of the variable's shape and dtype.
        """
        return self.join([self._gradient(member, gradients.get(id(member))) for member in self.members])

    def _gradient(self, member: Variable, gradient):
        if gradient is None:
            return backend.current().asarray(np.zeros(member.shape), dtype=self.dtype)
        return gradient

    def flags(self, chosen: set[int]) -> np.ndarray:
        """A boolean array of the rule's shape: true over the members whose ids are in `chosen`."""
        marks = [np.full(n, id(member) in chosen) for member, n in zip(self.members, self.sizes, strict=True)]
        return np.concatenate(marks) if self.is_flat else marks[0].reshape(self.members[0].shape)

    def slot(self, member: Variable, name: str, scope: str, initializer) -> tuple[Variable, Variable]:
        """The slot `name`, made for all members when it is asked for the first time.

        Args:
            member: one of the members.
            name: the slot's name.
            scope: what its variables' paths begin with.
            initializer: an initializer or its name, called for each member.

        Returns:
            The variable that the rule reads and writes, and the part of it that belongs to `member` (its view, with
            the member's shape).
        """
        if name not in self.slots:
            zeros = self.is_flat and isinstance(initializer, str) and initializer == "zeros"
            start = ZEROS_IN_A_PACK if zeros else initializer
            self.take(name, [slot_variable(scope, each, name, start) for each in self.members])
        return self.slots[name], self.part(member, name)

    def take(self, name: str, parts: list[Variable]) -> None:
        """Take variables, one for each member, as the slot `name`."""
        self._parts[name], self.slots[name] = parts, self._whole(name, parts)

    def _whole(self, name: str, parts: list[Variable]) -> Variable:
        whole = pack(parts) if self.is_flat else parts[0]
        if whole is None:
            raise RuntimeError(f"The new variables of slot {name!r} couldn't be packed.")
        return whole

    def part(self, member: Variable, name: str) -> Variable:
        """The part of slot `name` that belongs to `member`, with the member's shape."""
        return self._parts[name][self._positions[id(member)]]

    def take_slots(self, values: dict[int, np.ndarray]) -> None:
        """Set whole slots at once: assigning the parts one after another would copy the vector each time.

        Args:
            values: variable id -> array; the parts of slots that were set are taken out.
        """
        for name, whole in self.slots.items():
            parts = self._parts[name]
            if self.is_flat and all(id(part) in values for part in parts):
                whole.assign(np.concatenate([values.pop(id(part)).ravel() for part in parts]))


def group_variables(variables: Sequence[Variable], together: bool) -> list[Group]:
    """Sort trainable variables into groups, in the order of first appearance.

    Args:
        variables: the variables.
        together: whether the variables of one dtype may form one group, as they do where the backend packs; otherwise
            each is a group of its own.
    """
    if not together or not all(variable.backend.packs for variable in variables):
        return [Group([variable]) for variable in variables]
    by_dtype: dict[str, list[Variable]] = {}
    for variable in variables:
        by_dtype.setdefault(variable.dtype, []).append(variable)
    return [Group(members) for members in by_dtype.values()]


def slot_variable(scope: str, reference: Variable, name: str, initializer) -> Variable:
    """One slot of one variable, under Keras's name for it: `scope/path_of_the_variable_name`."""
    path = (reference.path or reference.name).replace("/", "_")
    with tracing.eager(), name_scope(scope):
        return Variable(
            initializer, shape=tuple(reference.shape), dtype=reference.dtype, trainable=False, name=f"{path}_{name}"
        )
