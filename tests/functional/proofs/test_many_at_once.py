"""Many who edit one policy at once: no change is lost, and nothing else is touched."""

import subprocess
import sys
from pathlib import Path

from tests.functional.proofs.conftest import Orders, Provision
from tests.functional.proofs.foreign import ForeignEditor, foreign_bytes, foreign_policy

PROCESSES, GRANTS = 8, 100
WORKER = Path(__file__).with_name("one_after_another.py")


def member(number: int) -> str:
    """One of many."""
    return f"user:member-{number}@example.com"


def start(provision: Provision, *command: str) -> subprocess.Popen[str]:
    """Start a program in the environment of `provision`."""
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=provision.directory,
        env=dict(provision.environ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_hundred_grants_from_eight_processes(provision: Provision, orders: Orders) -> None:
    """Exactly a hundred members afterwards, and every other binding as it was, byte by byte."""
    orders.set(foreign_policy())
    before = foreign_bytes(orders.policy())
    with ForeignEditor(orders) as editor:
        workers = [start(provision, str(WORKER)) for _ in range(PROCESSES)]
        for number, worker in enumerate(workers):
            assert worker.stdin is not None
            worker.stdin.writelines(
                f"grant {member(each)} --on service/orders\n"
                for each in range(number, GRANTS, PROCESSES)
            )
            worker.stdin.close()
            worker.stdin = None
        said = [worker.communicate(timeout=120) for worker in workers]
    codes = [out.rpartition("codes: ")[2].strip() for out, _ in said]
    assert set("".join(codes)) <= set("[]0, \n"), said
    assert sorted(orders.invokers()) == sorted(map(member, range(GRANTS)))
    assert foreign_bytes(orders.policy()) == before
    assert editor.rounds


def test_eight_commands_at_once(provision: Provision, orders: Orders) -> None:
    """Eight whole commands, started together: each ends well, each change is there."""
    orders.set(foreign_policy())
    before = foreign_bytes(orders.policy())
    grants = [member(number) for number in range(PROCESSES)]
    started = [
        start(provision, "-m", "provision", "grant", one, "--on", "service/orders")
        for one in grants
    ]
    said = [(one.communicate(timeout=120), one.returncode) for one in started]
    assert [code for _, code in said] == [0] * PROCESSES, said
    assert sorted(orders.invokers()) == grants
    assert foreign_bytes(orders.policy()) == before
