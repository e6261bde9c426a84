"""YAML without its surprises, and without what hostile files can do with it."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provision.spec import Problem, Spec, SpecError, load
from provision.spec.nodes import MAX_BYTES

LEAST = (
    "project: acme-prod\nregion: asia-east1\nservice: orders\n"
    "image: {repository: services}\ningress: all\n"
)
LINES = [
    *LEAST.splitlines(),
    "image: {context: app, build_args: {VERSION: '1.10'}}",
    "invokers: [user:ann@example.com]",
    "env: {LOG_LEVEL: info, WORKERS: 4, DEBUG: false}",
    "secrets: {PASSWORD: 'db-password:3'}",
    *("iap: true", "public: true", "cpu: 2", "memory: 1Gi", "timeout: 5m", "port: 9000"),
    *("concurrency: 4", "min_instances: 1", "max_instances: 3", "labels: {team: shop}"),
    *("custom_audiences: [a]", "probe_path: /", "probe_as: a@b", "service_account: orders-run"),
    "run: {launchStage: BETA, template: {containers: [{args: [serve]}]}}",
]


def outcome(directory: Path, text: str | bytes) -> tuple[object, ...]:
    """The specs of a file with that text, or its problems."""
    path = directory / "provision.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text)
    try:
        return load([path])
    except SpecError as error:
        return error.problems


def told(directory: Path, text: str) -> list[str]:
    """The problems of a file with that text, without the file's name."""
    return [
        str(problem).removeprefix(f"{directory / 'provision.yaml'}:")
        for problem in outcome(directory, text)
    ]


def test_a_key_given_twice_is_refused(tmp_path: Path) -> None:
    """YAML would silently keep the last one."""
    (problem,) = told(tmp_path, LEAST + "ingress: none\n")
    assert problem == "6:1: ingress: given twice; first at line 5:1"


def test_what_is_not_yaml_is_told_with_its_place(tmp_path: Path) -> None:
    """A syntax error has a line and a column too."""
    (problem,) = told(tmp_path, "service: [orders\nregion: x\n")
    assert problem.startswith("2:7: not YAML: ")


def test_anchors_and_merges_mean_what_yaml_says(tmp_path: Path) -> None:
    """Shared settings may be written once; a mapping's own keys go before merged ones."""
    text = LEAST + "env: &shared {A: one, B: two}\nlabels:\n  <<: *shared\n"
    problems = told(tmp_path, text)
    assert [problem.split(": ")[1] for problem in problems] == ["labels.A", "labels.B"]
    text = LEAST + "labels: &x {a: one, b: two}\nenv: {<<: *x, a: three}\n"
    (spec,) = outcome(tmp_path, text)
    assert isinstance(spec, Spec)
    assert spec.env == {"a": "three", "b": "two"}


def test_aliases_that_multiply_or_contain_themselves_are_stopped(tmp_path: Path) -> None:
    """A few lines cannot become millions of values."""
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
    )
    assert "more than 20000 values" in told(tmp_path, bomb)[-1]
    for loop in ("a: &a [*a]\n", "a: &a {<<: *a}\n", "[" * 2000, "a: &a {b: *a}\n"):
        assert "nested deeper than 40 levels" in "\n".join(told(tmp_path, loop))


def test_a_file_too_long_to_be_a_spec_is_not_read_to_its_end(tmp_path: Path) -> None:
    """A wrong file name does not fill the memory."""
    path = tmp_path / "image.tar"
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(SpecError, match="longer than 1048576 bytes"):
        load([path])


@pytest.mark.parametrize(
    "data", [b"\xff\xfe", b"a: \x00", b'a: "\\UFFFFFFFF"', b'a: "\\ud800"', b'"\\ud800": a']
)
def test_bytes_that_are_no_text_are_refused(tmp_path: Path, data: bytes) -> None:
    """Neither broken encodings nor impossible characters end in a traceback."""
    problems = outcome(tmp_path, data)
    assert all(isinstance(problem, Problem) for problem in problems)
    assert "\n".join(map(str, problems)).encode()


# The directory may be used again: each example writes its file anew.
_BOUNDED = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None
)
_WORDS = st.sampled_from(
    [*LINES, *"&*<!|>-?{}[]:,#%' \"", "&a", "*a", "<<:", "!!int", "---", "%YAML"]
)


@_BOUNDED
@given(st.lists(_WORDS | st.text(max_size=12), max_size=25).map("\n".join))
def test_any_text_is_a_spec_or_a_spec_error(tmp_path: Path, text: str) -> None:
    """No input ends in a traceback."""
    assert outcome(tmp_path, text)


@_BOUNDED
@given(st.data())
def test_any_value_in_any_place_is_a_spec_or_a_spec_error(
    tmp_path: Path, data: st.DataObject
) -> None:
    """Values of the wrong type anywhere are told, not tripped over."""
    key = data.draw(st.sampled_from([line.partition(":")[0] for line in LINES]))
    value = data.draw(
        st.sampled_from(["", "{}", "[]", "[[]]", "[{}]", "{a: {}}", "{a: []}", "5", "-1", "true"])
        | st.sampled_from(["1.5", "x", "'#'", "~", "[~]", "{a: ~}", "{template: []}", ".inf"])
        | st.sampled_from(["{template: {containers: x}}", "{template: {containers: [x, y]}}"])
    )
    assert outcome(tmp_path, LEAST.replace(f"{key}:", f"was_{key}:") + f"{key}: {value}\n")
