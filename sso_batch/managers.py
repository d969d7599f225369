"""Who a user's manager is: the user that the directory's value names. Pure."""

from collections.abc import Iterable, Iterator

from sso_batch.model import User


class ManagerIndex:
    """The users of one directory by everything that can name a manager.

    Identity providers write a manager as a user id, an external id, a login or an email address. Logins and
    addresses are compared without regard to case. A value that names several users names none of them.
    """

    def __init__(self, users: Iterable[User]) -> None:
        self._kinds: tuple[dict[str, User | None], ...] = ({}, {}, {}, {})
        for user in users:
            for kind, keys in zip(self._kinds, _keys(user), strict=True):
                for key in keys:
                    known = kind.setdefault(key, user)
                    if known is not user:
                        kind[key] = None

    def find(self, manager: str) -> User | None:
        """Return the only user that a directory's value names, or None."""
        names = (manager, manager, manager.lower(), manager.lower())
        for kind, name in zip(self._kinds, names, strict=True):
            if name in kind:
                return kind[name]
        return None

    def show(self, manager: str) -> str:
        """Return the manager's email address, else the login, else the directory's value."""
        user = self.find(manager) if manager else None
        return (user.email or user.login or manager) if user else manager


def _keys(user: User) -> Iterator[Iterable[str]]:
    """Yield the names of a user by kind: id, external ids, login, email address."""
    yield (user.id,)
    yield {external_id.id for external_id in user.external_ids if external_id.id}
    yield (user.login.lower(),) if user.login else ()
    yield (user.email.lower(),) if user.email else ()
