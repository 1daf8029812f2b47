"""The one error base of Veille ESS: what happened, where, what was received, expected, to do."""

from __future__ import annotations


class VeilleError(Exception):
    """An error that a user can act on.

    Parameters
    ----------
    what : str
        What went wrong, one French sentence.
    code : str
        Stable kebab-case code, documented in ``docs/errors.md``.
    where : str
        File, column, option or table concerned.
    received : object
        The value received, shown as it is.
    expected : str
        What would have been accepted.
    todo : str
        What the user can do now.
    """

    def __init__(
        self,
        what: str,
        *,
        code: str,
        where: str = "",
        received: object = None,
        expected: str = "",
        todo: str = "",
    ) -> None:
        self.what = what
        self.code = code
        self.where = where
        self.received = received
        self.expected = expected
        self.todo = todo
        super().__init__(what)

    def __reduce__(self) -> tuple[object, ...]:
        """Let the error cross from one process to another."""
        return _again, (type(self), self.__dict__)

    def __str__(self) -> str:
        """Return the message, one line a part."""
        lines = [f"{self.what} [{self.code}]"]
        if self.where:
            lines.append(f"  où : {self.where}")
        if self.received is not None:
            lines.append(f"  reçu : {self.received}")
        if self.expected:
            lines.append(f"  attendu : {self.expected}")
        if self.todo:
            lines.append(f"  à faire : {self.todo}")
        return "\n".join(lines)


def _again(kind: type[VeilleError], parts: dict[str, object]) -> VeilleError:
    error = kind.__new__(kind, parts["what"])
    error.__dict__.update(parts)
    return error
