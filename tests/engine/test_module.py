"""Modules: what the decorator makes of a function, and what it refuses."""

import functools

import pytest
from msgspec import UNSET

from execmon_lab.engine import Module, Plan, module


@module
def call_test_module(ctx, number, wait=1.0):
    """Call somebody."""
    return ctx, number, wait


def test_the_decorator_alone_makes_a_module_of_the_functions_name():
    assert isinstance(call_test_module, Module)
    assert call_test_module.module_id == "call_test_module"
    assert call_test_module.__doc__ == "Call somebody."
    assert (call_test_module.timeout, call_test_module.retries) == (60.0, 0)


def test_the_decorator_takes_name_timeout_and_retries():
    @module(name="sms", timeout=2.5, retries=3)
    def sms_test_module(ctx):
        pass

    assert (sms_test_module.module_id, sms_test_module.timeout, sms_test_module.retries) == ("sms", 2.5, 3)


def test_a_module_can_still_be_called_as_its_function():
    assert call_test_module("ctx", "5550100") == ("ctx", "5550100", 1.0)


def test_a_bound_module_called_as_its_function_fills_in_what_is_bound():
    bound = call_test_module.with_args(number="5550100", wait=2)

    assert bound("ctx") == ("ctx", "5550100", 2)
    assert bound("ctx", wait=3) == ("ctx", "5550100", 3)
    assert bound("ctx", "112") == ("ctx", "112", 2)


def test_with_args_leaves_the_module_as_it_was():
    bound = call_test_module.with_args(number="1")

    assert dict(bound.params) == {"number": "1"}
    assert dict(call_test_module.params) == {}
    assert dict(bound.with_args(number="2").params) == {"number": "2"}


def test_with_options_changes_only_what_is_given():
    changed = call_test_module.with_args(number="1").with_options(retries=2, name="again")

    assert (changed.module_id, changed.timeout, changed.retries) == ("again", 60.0, 2)
    assert dict(changed.params) == {"number": "1"}


@pytest.mark.parametrize(
    ("params", "complaint"),
    [
        ({}, r"call_test_module: missing a required argument: 'number'; it takes number, wait"),
        ({"nubmer": "1"}, r"call_test_module: got an unexpected argument: 'nubmer'; it takes number, wait"),
        ({"number": "1", "speed": 2}, r"unexpected argument: 'speed'"),
    ],
)
def test_parameters_are_checked_when_they_are_bound(params, complaint):
    with pytest.raises(TypeError, match=complaint):
        call_test_module.with_args(**params)


@pytest.mark.parametrize(
    ("options", "error", "complaint"),
    [
        ({"timeout": 0}, ValueError, "more than 0 seconds"),
        ({"timeout": float("inf")}, ValueError, "finite"),
        ({"timeout": "30"}, TypeError, "number of seconds, not '30'"),
        ({"timeout": True}, TypeError, "number of seconds"),
        ({"retries": -1}, ValueError, "cannot be negative"),
        ({"retries": 1.5}, TypeError, "whole number"),
        ({"name": " "}, ValueError, "not empty"),
    ],
)
def test_options_are_checked(options, error, complaint):
    with pytest.raises(error, match=complaint):

        @module(**options)
        def step(ctx):
            pass


async def asynchronous(ctx):
    pass


def generator(ctx):
    yield


def without_context():
    pass


def with_keywords_only(*, ctx):
    pass


@pytest.mark.parametrize(
    ("function", "complaint"),
    [
        (asynchronous, "async"),
        (generator, "yields"),
        (without_context, "first parameter"),
        (with_keywords_only, "first parameter"),
        (30, "made of a function"),
        (functools.partial(print), "made of a function"),
        (call_test_module, "a module already"),
    ],
)
def test_what_cannot_run_as_a_module_is_refused(function, complaint):
    with pytest.raises(TypeError, match=complaint):
        module(function)


# Plans


@module
def data_test_module(ctx):
    pass


def test_a_plan_of_nothing_is_refused():
    with pytest.raises(ValueError, match="empty"):
        Plan([])


@pytest.mark.parametrize(
    ("item", "complaint"),
    [
        (
            test_a_plan_of_nothing_is_refused,
            "item 2 of the plan is the function test_a_plan.*put @module above",
        ),
        ("data_test_module", "item 2 of the plan is 'data_test_module', not a module"),
        (call_test_module, "item 2 of the plan, call_test_module: missing a required argument: 'number'"),
    ],
)
def test_an_item_that_is_no_module_is_named(item, complaint):
    with pytest.raises(TypeError, match=complaint):
        Plan([data_test_module, item])


def test_a_single_module_is_no_plan():
    with pytest.raises(TypeError, match="list of modules"):
        Plan(data_test_module)


def test_an_unknown_distribution_is_refused():
    with pytest.raises(ValueError, match="'each' or 'shared', not 'all'"):
        Plan([data_test_module], distribution="all")


def test_each_device_is_to_run_the_whole_plan():
    plan = Plan([data_test_module, call_test_module.with_args(number="1")])

    planned = plan.steps_for(["a", "b"])

    assert [(step.device_id, step.module.module_id) for step in planned] == [
        ("a", "data_test_module"),
        ("a", "call_test_module"),
        ("b", "data_test_module"),
        ("b", "call_test_module"),
    ]
    assert len({step.step_id for step in planned}) == 4


def test_shared_steps_have_no_device_until_one_takes_them():
    plan = Plan([data_test_module] * 3, distribution="shared")

    assert [step.step.device_id for step in plan.steps_for(["a", "b"])] == ["", "", ""]
    assert [step.step.device_id for step in plan.steps_for(["a"])] == ["a", "a", "a"]


@pytest.mark.parametrize(("serials", "complaint"), [([], "at least one device"), (["a", "a"], "named twice")])
def test_a_plan_needs_devices_each_named_once(serials, complaint):
    with pytest.raises(ValueError, match=complaint):
        Plan([data_test_module]).steps_for(serials)


def test_a_step_tells_what_its_module_was_bound_to():
    [bare, bound, long] = Plan(
        [
            data_test_module,
            call_test_module.with_args(number="1"),
            call_test_module.with_args(number="9" * 300),
        ]
    ).steps_for(["a"])

    assert bare.step.params is UNSET
    assert bound.step.params == "number=1"
    assert len(long.step.params) == 200
    assert long.step.params.endswith("9…")
