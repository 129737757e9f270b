"""The policy engine, for policies that somebody could write and for any others."""

from __future__ import annotations

import contextlib
import fnmatch
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelarts_nb.localcloud.iam.access import every_resource
from modelarts_nb.localcloud.iam.actions import MODELARTS_ACTIONS, names_something
from modelarts_nb.localcloud.iam.conditions import OPERATORS, Condition
from modelarts_nb.localcloud.iam.invalid import PolicyInvalid
from modelarts_nb.localcloud.iam.policy import Decision, Policy, Statement, decide, parse_policy
from modelarts_nb.localcloud.iam.wildcard import matches

CREATE = "modelarts:notebook:create"


def policy(*statements: dict[str, Any], name: str = "test") -> Policy:
    return parse_policy(name, {"Version": "1.1", "Statement": list(statements)})


def allow(*actions: str, **condition: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), **_condition(condition)}


def deny(*actions: str, **condition: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": list(actions), **_condition(condition)}


def _condition(condition: dict[str, Any]) -> dict[str, Any]:
    return {"Condition": condition} if condition else {}


def ask(*policies: Policy, action: str = CREATE, resource: str = "*", **context: str) -> Decision:
    keys = {f"modelarts:{key}": value for key, value in context.items()}
    return decide(policies, action, resource, keys)


def test_what_nothing_allows_is_denied() -> None:
    assert not ask(policy(allow("modelarts:notebook:list"))).allowed


def test_a_deny_wins_over_every_allow_and_is_named() -> None:
    # given the seed's Policy2 and Policy3 (2.3.3), the latter with its small "deny"
    everything = policy(allow("modelarts:*:*"), name="Policy2_AllowOperation")
    small = {"Effect": "deny", "Action": ["modelarts:pool:create", CREATE]}
    nothing = policy(small, name="Policy3_DenyOperation")

    decision = ask(everything, nothing)

    assert not decision.allowed
    assert [cause.policy for cause in decision.causes] == ["Policy3_DenyOperation"]
    assert ask(everything, nothing, action="modelarts:notebook:start").allowed


def test_a_deny_with_a_condition_holds_only_where_the_condition_does() -> None:
    # given the seed's rule about the public pool (2.3.6)
    public = policy(
        allow("modelarts:*:*"), deny(CREATE, StringEquals={"modelarts:poolType": ["public"]})
    )

    assert not ask(public, poolType="public").allowed
    assert ask(public, poolType="dedicated").allowed
    assert ask(public).allowed


FOLDERS = policy(
    allow(
        CREATE,
        StringEqualsIfExists={
            "modelarts:sfsId": ["share-1", "share-2"],
            "modelarts:sfsPath": ["/a", "/b/c"],
            "modelarts:sfsOption": ["readwrite"],
        },
    )
)


@pytest.mark.parametrize("share", ["share-1", "share-2"])
@pytest.mark.parametrize("path", ["/a", "/b/c"])
def test_several_values_of_several_keys_are_a_cross_product(share: str, path: str) -> None:
    # given the seed's folder policy (2.3.7)
    assert ask(FOLDERS, sfsId=share, sfsPath=path, sfsOption="readwrite").allowed


def test_a_condition_that_fails_is_named_with_its_key() -> None:
    decision = ask(FOLDERS, sfsId="share-1", sfsPath="/other", sfsOption="readwrite")

    assert not decision.allowed
    assert not decision.explicit
    assert [c.key for cause in decision.causes for c in cause.conditions] == ["modelarts:sfsPath"]


def test_if_exists_holds_for_a_request_without_the_key() -> None:
    assert ask(FOLDERS).allowed


@given(st.sampled_from(sorted(OPERATORS)), st.text(max_size=5))
def test_without_if_exists_no_operator_holds_for_a_key_that_is_not_there(
    operator: str, value: str
) -> None:
    condition = Condition(operator, "a:b", (value,))

    assert condition.holds({}) == operator.endswith("IfExists")


@given(st.sampled_from(sorted(OPERATORS)), st.text(max_size=8), st.lists(st.text(max_size=4)))
def test_a_negative_operator_is_the_opposite_of_the_positive_one(
    operator: str, value: str, wanted: list[str]
) -> None:
    positive = operator.replace("Not", "")
    negative = positive.replace("String", "StringNot")
    context = {"a:b": value}

    held = Condition(positive, "a:b", tuple(wanted)).holds(context)

    assert Condition(negative, "a:b", tuple(wanted)).holds(context) != held


@pytest.mark.parametrize(
    ("operator", "value", "holds"),
    [
        ("StringEndWithIfExists", "my-specialCharacter", True),  # seed, table 2-4
        ("StringEndWithIfExists", "specialCharacter-my", False),
        ("StringStartWith", "specialCharacter-my", True),
        ("StringEqualsIgnoreCase", "SPECIALCHARACTER", True),
        ("StringEquals", "SPECIALCHARACTER", False),
        ("StringLike", "specialCharacter", True),
    ],
)
def test_operators_compare_as_their_names_say(operator: str, value: str, holds: bool) -> None:
    condition = Condition(operator, "g:UserName", ("specialCharacter",))

    assert condition.holds({"g:UserName": value}) == holds


@given(st.text())
def test_an_operator_that_is_not_known_is_refused_and_never_ignored(operator: str) -> None:
    if operator in OPERATORS:
        return
    with pytest.raises(PolicyInvalid, match=r"operator|Condition"):
        policy(allow(CREATE, **{operator: {"a:b": ["c"]}}))


@pytest.mark.parametrize(
    "wrong",
    [
        {"Effect": "Perhaps", "Action": [CREATE]},
        {"Effect": "Allow", "Action": []},
        {"Effect": "Allow", "Action": [CREATE, 1]},
        {"Effect": "Allow", "Action": ["notebook"]},
        {"Effect": "Allow", "Action": [CREATE], "NotAction": ["a:b:c"]},
        {"Effect": "Allow", "Action": [CREATE], "Resource": ["everything"]},
        {"Effect": "Allow", "Action": [CREATE], "Resource": {"url": ["x"]}},
        {"Effect": "Allow", "Action": [CREATE], "Condition": {"StringEquals": {}}},
        {"Effect": "Allow", "Action": [CREATE], "Condition": {"StringEquals": {"k": ["v"]}}},
        {"Effect": "Allow", "Action": [CREATE], "Condition": {"StringEquals": {"a:b": []}}},
        {"Effect": "Allow", "Action": [CREATE], "Condition": []},
    ],
)
def test_what_is_not_understood_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(PolicyInvalid):
        policy(wrong)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Version", "Statement", "Effect", "Action", "Resource", "Condition"])
            | st.text(max_size=6),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_whatever_is_sent_is_a_policy_or_refused(document: Any) -> None:
    # then nothing else is ever raised
    with contextlib.suppress(PolicyInvalid):
        assert parse_policy("any", document).statements


STATEMENTS = st.builds(
    Statement,
    st.sampled_from(["Allow", "Deny"]),
    st.lists(
        st.sampled_from([CREATE, "modelarts:*:*", "*:*:*", "modelarts:notebook:l*", "iam:*:*"]),
        min_size=1,
        max_size=2,
    ).map(tuple),
    st.just(()),
    st.lists(
        st.builds(
            Condition,
            st.sampled_from(["StringEquals", "StringNotEqualsIfExists"]),
            st.just("a:b"),
            st.just(("c",)),
        ),
        max_size=1,
    ).map(tuple),
)
POLICIES = st.lists(
    st.lists(STATEMENTS, min_size=1, max_size=3).map(lambda s: Policy("p", tuple(s))), max_size=4
)
CONTEXTS = st.sampled_from([{}, {"a:b": "c"}, {"a:b": "d"}])


@given(POLICIES, STATEMENTS, CONTEXTS)
def test_another_statement_changes_the_answer_only_in_its_own_direction(
    policies: list[Policy], more: Statement, context: dict[str, str]
) -> None:
    before = decide(policies, CREATE, "*", context).allowed

    after = decide([*policies, Policy("more", (more,))], CREATE, "*", context).allowed

    assert after <= before if more.effect == "Deny" else after >= before


@given(POLICIES, CONTEXTS, st.randoms())
def test_the_order_of_policies_does_not_matter(
    policies: list[Policy], context: dict[str, str], random: Any
) -> None:
    shuffled = list(policies)
    random.shuffle(shuffled)

    assert (
        decide(policies, CREATE, "*", context).allowed
        == decide(shuffled, CREATE, "*", context).allowed
    )


@given(POLICIES, CONTEXTS)
def test_every_decision_has_a_cause_of_its_own_kind(
    policies: list[Policy], context: dict[str, str]
) -> None:
    decision = decide(policies, CREATE, "*", context)

    effects = {cause.statement.effect for cause in decision.causes}
    assert effects <= ({"Deny"} if decision.explicit and not decision.allowed else {"Allow"})
    assert decision.explicit <= bool(decision.causes)


@given(st.text("ab*", max_size=8), st.text("ab", max_size=10))
def test_a_star_is_any_text(pattern: str, text: str) -> None:
    assert matches(pattern, text) == fnmatch.fnmatchcase(text, pattern)


def test_a_pattern_of_many_stars_takes_no_time() -> None:
    began = time.process_time()

    assert not matches("*a" * 500 + "b", "a" * 20_000)

    assert time.process_time() - began < 1.0


def test_actions_are_compared_ignoring_case() -> None:
    # given the right that the seed spells in two ways (tables 2-8)
    listing = policy(allow("obs:bucket:ListAllMybuckets"))

    assert ask(listing, action="obs:bucket:ListAllMyBuckets").allowed


def test_a_statement_about_one_resource_says_nothing_about_others() -> None:
    one = policy(
        {
            "Effect": "Allow",
            "Action": ["iam:agencies:assume"],
            "Resource": {"uri": ["/iam/agencies/1*"]},
        }
    )

    assert ask(one, action="iam:agencies:assume", resource="/iam/agencies/12").allowed
    assert not ask(one, action="iam:agencies:assume", resource="/iam/agencies/2").allowed


ANY_NOTEBOOK = every_resource(CREATE, "local-1", "account")


@pytest.mark.parametrize(
    ("resource", "concerned"),
    [
        ("*", True),
        ("modelarts:*:*:notebook:*", True),
        ("MODELARTS:*:*:notebook:*", True),
        ("modelarts:local-1:account:notebook:*", True),
        ("modelarts:*:*:*:*", True),
        ("modelarts:elsewhere-1:*:notebook:*", False),
        ("modelarts:*:*:pool:*", False),
        ("obs:*:*:bucket:mine", False),
    ],
)
def test_a_resource_type_is_compared_with_what_a_call_is_about(
    resource: str, concerned: bool
) -> None:
    # given the form of table 2-4, for an "Allow" and for a "Deny"
    allowing = policy({**allow("modelarts:*:*"), "Resource": [resource]})
    denying = policy(allow("modelarts:*:*"), {**deny("modelarts:*:*"), "Resource": [resource]})

    assert ask(allowing, resource=ANY_NOTEBOOK).allowed is concerned
    assert ask(denying, resource=ANY_NOTEBOOK).allowed is not concerned


@pytest.mark.parametrize(
    "resource",
    [["modelarts:*:*:notebook:0123"], ["kps:*:*:keypair:mine"], {"uri": ["/v1/notebooks"]}],
)
def test_a_single_resource_that_is_compared_with_nothing_is_refused(resource: Any) -> None:
    # else a "Deny" would do nothing (table 2-4: ModelArts knows no single resources)
    with pytest.raises(PolicyInvalid, match=r"Resource|uri"):
        policy({**deny("modelarts:*:*"), "Resource": resource})


def test_buckets_are_told_apart() -> None:
    one = policy({**allow("obs:bucket:ListBucket"), "Resource": ["OBS:*:*:bucket:mine"]})

    def may(name: str) -> bool:
        action, resource = "obs:bucket:ListBucket", f"obs:*:*:bucket:{name}"
        return ask(one, action=action, resource=resource).allowed

    assert may("mine")
    assert not may("theirs")


# Of the tables 2-6 to 2-19 and the examples of the best practices.
SEED_ACTIONS = """
    notebook:create notebook:list notebook:get notebook:update notebook:delete notebook:start
    notebook:stop notebook:updateStopPolicy notebook:listMountedStorages notebook:mountStorage
    notebook:getMountedStorage notebook:unmountStorage notebook:umountStorage
    notebook:listAllNotebooks notebook:action notebook:access image:delete image:list image:create
    image:get image:register image:listGroup pool:list pool:create pool:update pool:delete tag:list
    network:get trainJob:create trainJob:list trainJob:update trainJob:get trainJob:delete
    trainJob:logExport trainJob:previewLog trainJob:exec trainJobVersion:list
    trainJobVersion:create trainJobVersion:delete trainJobVersion:stop trainJobInnerModel:list
    aiAlgorithm:get workspace:get workspace:list workspace:getQuota workspace:getQuotas
    dataset:getDataset dataset:createDataset dataset:createDatasetVersion
    dataset:createImportTask dataset:updateDataset dataset:listDatasets
    processTask:createProcessTask processTask:getProcessTask model:list model:get model:create
    model:delete model:update service:get service:create service:update service:delete
    service:getLogs service:list
"""


@pytest.mark.parametrize("action", SEED_ACTIONS.split())
def test_every_action_of_the_tables_is_known(action: str) -> None:
    assert f"modelarts:{action}" in MODELARTS_ACTIONS


@pytest.mark.parametrize("pattern", ["*:delete*", "trainJob:*", "aiAlgorithm:*", "workflow:x"])
def test_patterns_of_the_tables_are_about_something(pattern: str) -> None:
    assert names_something(f"modelarts:{pattern}")
