"""What network policies let through, as the cluster's network would decide it."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from deploy.kustomizing import Object

HERE = "here"
NAME_OF_NAMESPACE = "kubernetes.io/metadata.name"


@dataclass(frozen=True)
class Pod:
    """A pod with its labels, the labels of its namespace and its named ports."""

    labels: Mapping[str, str]
    namespace: str = HERE
    namespace_labels: Mapping[str, str] = field(default_factory=dict)
    ports: Mapping[str, int] = field(default_factory=dict)


End = Pod | str  # a string is an address outside the cluster's pods


def may(policies: Sequence[Object], source: End, target: End, port: int, protocol: str = "TCP") -> bool:
    """Whether a connection is made: the source's side and the target's side both have to let it through."""
    out = _passes(policies, source, target, "Egress", target, (port, protocol))
    return out and _passes(policies, target, source, "Ingress", target, (port, protocol))


def _passes(
    policies: Sequence[Object], own: End, other: End, side: str, target: End, door: tuple[int, str]
) -> bool:
    if not isinstance(own, Pod) or own.namespace != HERE:
        return True  # our policies speak of our pods only
    mine = [
        policy["spec"]
        for policy in policies
        if side in policy["spec"]["policyTypes"] and matches(policy["spec"]["podSelector"], own.labels)
    ]
    key, peers = ("egress", "to") if side == "Egress" else ("ingress", "from")
    rules = [rule for spec in mine for rule in spec.get(key, [])]
    return not mine or any(
        any(_is(peer, other) for peer in rule[peers])
        and any(_opens(entry, target, door) for entry in rule["ports"])
        for rule in rules
    )


def matches(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    wanted: Mapping[str, str] = selector.get("matchLabels", {})
    return wanted.items() <= labels.items()


def _is(peer: Mapping[str, Any], end: End) -> bool:
    if not isinstance(end, Pod):
        return "ipBlock" in peer and _within(peer["ipBlock"], end)
    if "ipBlock" in peer:
        return False
    if "namespaceSelector" in peer:
        names = {**end.namespace_labels, NAME_OF_NAMESPACE: end.namespace}
        if not matches(peer["namespaceSelector"], names):
            return False
    elif end.namespace != HERE:
        return False
    return matches(peer.get("podSelector", {}), end.labels)


def _within(block: Mapping[str, Any], address: str) -> bool:
    def inside(cidr: str) -> bool:
        return ip_address(address) in ip_network(cidr)

    return inside(block["cidr"]) and not any(inside(cidr) for cidr in block.get("except", []))


def _opens(entry: Mapping[str, Any], target: End, door: tuple[int, str]) -> bool:
    port = entry["port"]
    if isinstance(port, str):
        port = target.ports.get(port) if isinstance(target, Pod) else None
    return (port, entry["protocol"]) == door
