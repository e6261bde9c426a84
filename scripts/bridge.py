#!/usr/bin/env python3
"""A network bridge for a second Docker engine on one machine.

Two engines that shared Docker's own bridge would hand out the same addresses, and each clears the
other's firewall rules as it starts. So the second gets a bridge and rules of its own.
"""

import ipaddress
import subprocess

SUBNETS = ("10.213.0.0/24", "10.214.0.0/24", "192.168.213.0/24", "172.30.213.0/24")


def make_bridge(name: str) -> str:
    """Make a bridge with a free subnet, and let it out to the network; returns the subnet."""
    take_bridge_away(name, "")
    taken = subprocess.run(["ip", "-4", "route"], check=True, text=True, capture_output=True).stdout
    subnet = next(ipaddress.ip_network(one) for one in SUBNETS if not overlaps(one, taken))
    address = f"{subnet[1]}/{subnet.prefixlen}"
    subprocess.run(["ip", "link", "add", name, "type", "bridge"], check=True)
    subprocess.run(["ip", "address", "add", address, "dev", name], check=True)
    subprocess.run(["ip", "link", "set", name, "up"], check=True)
    for rule in rules(name, str(subnet)):
        subprocess.run(["iptables", "-w", *rule[:2], "-I", *rule[2:]], check=True)
    return str(subnet)


def take_bridge_away(name: str, subnet: str) -> None:
    """Undo `make_bridge`; what is not there any more is passed over."""
    for rule in rules(name, subnet) if subnet else ():
        subprocess.run(
            ["iptables", "-w", *rule[:2], "-D", *rule[2:]], check=False, capture_output=True
        )
    subprocess.run(["ip", "link", "delete", name], check=False, capture_output=True)


def rules(name: str, subnet: str) -> list[list[str]]:
    """The firewall rules that let the bridge's containers out, and answers in."""
    outward = ["-s", subnet, "!", "-o", name, "-j", "MASQUERADE"]
    return [
        ["-t", "nat", "POSTROUTING", *outward],
        ["-t", "filter", "FORWARD", "-i", name, "-j", "ACCEPT"],
        ["-t", "filter", "FORWARD", "-o", name, "-j", "ACCEPT"],
    ]


def overlaps(subnet: str, routes: str) -> bool:
    """Whether `subnet` overlaps a destination in the output of `ip route`."""
    for line in routes.splitlines():
        destination = line.split()[0]
        if destination[0].isdigit() and ipaddress.ip_network(subnet).overlaps(
            ipaddress.ip_network(destination, strict=False)
        ):
            return True
    return False
