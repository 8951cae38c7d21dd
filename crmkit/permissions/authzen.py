"""AuthZEN 1.0 requests and answers as plain data, for whoever serves them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crmkit.errors import CrmkitError, FormatError, NotFoundError

if TYPE_CHECKING:
    from crmkit.typing import JSONValue

    from ._decisions._engine import Engine

__all__ = ["evaluate", "evaluations"]


def evaluate(engine: Engine, request: Mapping[str, Any]) -> dict[str, JSONValue]:
    """Answer one access evaluation request.

    The subject's ``id`` is the principal, the action's ``name`` the action, the resource's ``type`` the resource, and
    its ``id`` and ``properties`` are the record. Who or what nobody knows is denied, with the reason in the context.
    The subject's own ``properties`` are not believed: what is known of principals stands in the engine.

    Raises:
        FormatError: A part that the standard requires is missing or of another type.

    Example:
        >>> from crmkit.permissions import Assignment, Engine, Grant, Policy, Resource, Role
        >>> deal = Resource("deal", actions=["read"])
        >>> policy = Policy([deal], [Role("all", grants=[Grant("read", "deal", scope="all")])])
        >>> request = {"subject": {"type": "user", "id": "ann"}, "action": {"name": "read"},
        ...            "resource": {"type": "deal", "id": "7"}}
        >>> evaluate(Engine(policy, [Assignment("ann", "all")]), request)
        {'decision': True}

    Source:
        OpenID AuthZEN, Authorization API 1.0, sections 5 and 6.

    .. versionadded:: 0.1.0
    """
    subject, action, resource = (_part(request, name) for name in ("subject", "action", "resource"))
    principal, name = _text(subject, "id", "subject"), _text(action, "name", "action")
    kind, key = _text(resource, "type", "resource"), _text(resource, "id", "resource")
    properties = resource.get("properties", {})
    if not isinstance(properties, Mapping):
        raise FormatError("resource.properties is not an object")
    said = _part(request, "context", {})
    try:
        context = {key: value for key, value in said.items() if key in engine.policy.context}
        declared = engine.policy.resource(kind)
        view = engine.view(principal, context=context or None)
        allowed = view.allows(name, kind, {**properties, declared.key: key})
    except NotFoundError as error:
        return {"decision": False, "context": {"reason": str(error)}}
    except CrmkitError as error:
        return {"decision": False, "context": {"reason": type(error).__name__}}
    return {"decision": allowed}


def evaluations(engine: Engine, request: Mapping[str, Any]) -> dict[str, JSONValue]:
    """Answer a request with many evaluations; what one leaves out it takes from the head.

    Options ``deny_on_first_deny`` and ``permit_on_first_permit`` stop early, as the standard has it.

    Raises:
        FormatError: A part is missing or of another type, or the option is unknown.

    Example:
        >>> from crmkit.permissions import Assignment, Engine, Grant, Policy, Resource, Role
        >>> deal = Resource("deal", actions=["read"])
        >>> policy = Policy([deal], [Role("all", grants=[Grant("read", "deal", scope="all")])])
        >>> request = {"subject": {"type": "user", "id": "ann"}, "action": {"name": "read"},
        ...            "evaluations": [{"resource": {"type": "deal", "id": "7"}}]}
        >>> evaluations(Engine(policy, [Assignment("ann", "all")]), request)
        {'evaluations': [{'decision': True}]}

    .. versionadded:: 0.1.0
    """
    parts = request.get("evaluations")
    if parts is None:
        return evaluate(engine, request)
    semantic = _part(request, "options", {}).get("evaluations_semantic", "execute_all")
    stop = {"execute_all": None, "deny_on_first_deny": False, "permit_on_first_permit": True}
    if not isinstance(semantic, str) or semantic not in stop:
        raise FormatError("options.evaluations_semantic is unknown")
    if not isinstance(parts, list) or not all(isinstance(part, Mapping) for part in parts):
        raise FormatError("evaluations is not a list of objects")
    head = {name: request[name] for name in ("subject", "action", "resource", "context") if name in request}
    found: list[JSONValue] = []
    for part in parts:
        answer = evaluate(engine, {**head, **part})
        found.append(answer)
        if answer["decision"] is stop[semantic]:
            break
    return {"evaluations": found}


def _part(request: Mapping[str, Any], name: str, default: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    found = request.get(name, default)
    if not isinstance(found, Mapping):
        raise FormatError(f"{name} is missing or not an object")
    return found


def _text(part: Mapping[str, Any], name: str, where: str) -> str:
    found = part.get(name)
    if not isinstance(found, str):
        raise FormatError(f"{where}.{name} is missing or not text")
    return found
