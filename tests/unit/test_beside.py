"""Work beside this process: its result comes back, or the work is done here."""

import os

from provision.cli.beside import beside


def test_the_result_comes_from_another_process() -> None:
    """As often as it is asked for, and begun only once."""
    whose = beside(os.getpid)
    assert whose() == whose()
    assert (whose() == os.getpid()) is (len(os.sched_getaffinity(0)) == 1)


def test_a_copy_that_comes_to_nothing_is_made_up_for() -> None:
    """The work is done here when its result is wanted."""
    here = os.getpid()
    tried = beside(lambda: here if os.getpid() == here else os._exit(3))
    assert tried() == here


def test_what_goes_wrong_in_the_copy_is_seen_here() -> None:
    """As it would be without one: by the error that the work raises."""

    def fail() -> int:
        raise ArithmeticError

    tried = beside(fail)
    try:
        tried()
    except ArithmeticError:
        return
    raise AssertionError
