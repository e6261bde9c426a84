"""The data side of the proof: what a service's addresses answer, and to whom."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from secrets import token_hex
from typing import Any

from provision.clients.clock import Clock
from provision.clients.id_tokens import IdTokens
from provision.clients.outside import Answer, ask
from provision.errors import ProvisionError
from provision.invokers import Wanted
from provision.plan import Check, Claim, Evidence, Verdict
from provision.proof.judge import (
    Gate,
    Judgement,
    judge_anonymous,
    judge_invoker,
    judge_public,
)
from provision.proof.patience import Patience
from provision.run.service_fields import addresses
from provision.spec import ServiceSpec


@dataclass(frozen=True)
class Speaker:
    """Somebody we can speak as.

    Args:
        member: as the policy names it.
        mint: makes an ID token for an audience; raises `ProvisionError`.
    """

    member: str
    mint: Callable[[str], str]

    @property
    def is_user(self) -> bool:
        """Whether it is a user, whose tokens have gcloud's client id as their audience."""
        return self.member.startswith("user:")


@dataclass(frozen=True)
class ServiceAnswers:
    """Asks every address of one service, as nobody and as an invoker.

    Args:
        spec: what is declared.
        wanted: what it says about invokers.
        live: the service as Cloud Run told it just now.
        closed: the control side says that nobody public can invoke, so an anonymous request that
            gets in may only be one that IAM has not caught up with.
        bound: the canonical members that hold the role by the policy.
        tokens: mints ID tokens.
        progress: told of each wait, counting down.
        limit: seconds to wait for IAM to take effect, over all addresses.
    """

    spec: ServiceSpec
    wanted: Wanted
    live: Mapping[str, Any]
    closed: bool
    bound: frozenset[str]
    tokens: IdTokens
    progress: Callable[[str], None]
    clock: Clock = field(default_factory=Clock)
    limit: float = 0.0

    def checks(self) -> Iterator[Check]:
        """Two checks for each address."""
        deadline = self._patience.deadline
        urls = addresses(self.live)
        if not urls:
            yield self._no_address()
        for url in urls:
            yield self._anonymous(url, deadline)
            yield self._invoker(url, deadline)

    @property
    def _gate(self) -> Gate:
        return Gate.of(self.live)

    def _anonymous(self, url: str, deadline: float) -> Check:
        """Nobody gets in; or anybody does, where the spec says so.

        Two paths are tried, one of them made up: an application that refuses a path by itself, in
        whatever words, does not know the other one.
        """
        address, made_up = url + self.spec.probe_path, f"{url}/provision-verify-{token_hex(4)}"
        asked = f"GET {address} without a token"
        if "allUsers" in self.wanted.members:
            judgement, answer = self._until_settled(
                partial(ask, address), judge_public, deadline, "that the service is public"
            )
            return self._judged("public-as-declared", Claim.ADMISSION, judgement, asked, answer)
        tried: list[Evidence] = []
        for place in (address, made_up):
            judgement, answer = self._until_settled(
                partial(ask, place),
                lambda answer: judge_anonymous(answer, self._gate),
                deadline if self.closed else 0.0,
                "the refusal of requests without a token",
            )
            asked = f"GET {place} without a token"
            tried.append(Evidence(asked, str(answer), self.clock.stamp()))
            if judgement.verdict is not Verdict.PASSED:
                break
        judged = self._judged("anonymous-refused", Claim.PRIVACY, judgement, asked, answer)
        return replace(judged, evidence=tuple(tried))

    def _invoker(self, url: str, deadline: float) -> Check:
        """An invoker gets in, tried as `probe_as` or as the caller, else not proven."""
        speaker = self._speaker()
        if speaker is None:
            return self._not_tried("there is no invoker that it could be tried as")
        address = url + self.spec.probe_path
        whose = "whose audience users cannot choose" if speaker.is_user else f"audience {url}"
        asked = f"GET {address} with an ID token of {speaker.member}, {whose}"
        try:
            token = speaker.mint(url)
        except ProvisionError as error:
            return replace(self._not_tried(str(error)), hint=error.hint)
        named = speaker.member.lower() in {member.lower() for member in self.bound}
        judgement, answer = self._until_settled(
            lambda: ask(address, token),
            lambda answer: judge_invoker(answer, self._gate, bound=named),
            deadline,
            f"the admission of {speaker.member}",
        )
        return self._judged("invoker-admitted", Claim.ADMISSION, judgement, asked, answer)

    def _speaker(self) -> Speaker | None:
        if self.spec.probe_as:
            account = self.spec.probe_as.removeprefix("serviceAccount:")
            member = f"serviceAccount:{account}"
            return Speaker(member, lambda url: self.tokens.impersonating(account, url))
        caller = self.tokens.google.caller.member
        if caller and self.wanted.names(caller):
            return Speaker(caller, self.tokens.own)
        return None

    def _until_settled(
        self,
        look: Callable[[], Answer],
        judge: Callable[[Answer], Judgement],
        deadline: float,
        what: str,
    ) -> tuple[Judgement, Answer]:
        """Look again while waiting may help; the last look counts."""

        def judged() -> tuple[Judgement, Answer]:
            answer = look()
            return judge(answer), answer

        def settled(found: tuple[Judgement, Answer]) -> bool:
            return found[0].verdict is Verdict.PASSED or not found[0].may_change

        return self._patience.until(settled, judged, what, deadline=deadline)

    @property
    def _patience(self) -> Patience:
        return Patience(self.progress, self.clock, self.limit)

    def _judged(
        self, name: str, claim: Claim, judgement: Judgement, asked: str, answer: Answer
    ) -> Check:
        late = judgement.may_change and judgement.verdict is Verdict.NOT_PROVEN
        hint = judgement.hint
        if late and not hint:
            hint = self._patience.hint
        evidence = (Evidence(asked, str(answer), self.clock.stamp()),)
        return Check(
            name, claim, judgement.verdict, judgement.summary, evidence, pending=late, hint=hint
        )

    def _not_tried(self, why: str) -> Check:
        return Check(
            "invoker-admitted",
            Claim.ADMISSION,
            Verdict.NOT_PROVEN,
            f"admission was not tried: {why}",
            (Evidence("an ID token of an invoker", why, self.clock.stamp()),),
            hint="Name with `probe_as` an invoker's service account that you may impersonate"
            " (roles/iam.serviceAccountTokenCreator on it).",
        )

    def _no_address(self) -> Check:
        """Nothing to try: proven shut where the default address is off, else not proven."""
        asked = f"GetService {self.spec.service_name}: urls"
        return Check(
            "anonymous-refused",
            Claim.PRIVACY,
            Verdict.PASSED if self._gate.default_url_disabled else Verdict.NOT_PROVEN,
            "the service has no address that could be tried",
            (Evidence(asked, "none", self.clock.stamp()),),
        )
