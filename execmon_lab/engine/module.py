"""Modules: the functions that a plan is made of."""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Mapping
from types import CodeType, MappingProxyType
from typing import Any, overload

ModuleFunction = Callable[..., Any]
"""A function whose first parameter is the `Context`; what it returns is ignored."""

DEFAULT_TIMEOUT = 60.0
"""Seconds that a module may take where nothing else is said."""


class Module:
    """A function that can be a step of a plan; made by the `module` decorator.

    It can still be called as the function that it was, bound parameters filled in.

    Parameters
    ----------
    function
        Takes the `Context` first, and the parameters after it.
    name
        What messages call it (`module_id`); the function's name, when absent.
    timeout
        Seconds that one attempt may take.
    retries
        How many more attempts a failed one gets.
    params
        What the function is called with, besides the context.

    Raises
    ------
    TypeError, ValueError
        Saying what is wrong with which of them.
    """

    def __init__(
        self,
        function: ModuleFunction,
        *,
        name: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        retries: int = 0,
        params: Mapping[str, Any] | None = None,
    ) -> None:
        self._function = _checked_function(function)
        self._signature = inspect.signature(function)
        functools.update_wrapper(self, function)
        self.module_id = _checked_name(function.__name__ if name is None else name)
        self.timeout = _checked_timeout(timeout)
        self.retries = _checked_retries(retries)
        self.params: Mapping[str, Any] = MappingProxyType(dict(params or {}))
        self._options: dict[str, Any] = {}
        if params is not None:
            self.check()

    def __call__(self, ctx: Any, *args: Any, **kwargs: Any) -> Any:
        """Call the function, with what `with_args` bound for all that is not given here."""
        given = self._signature.bind_partial(ctx, *args, **kwargs).arguments
        bound = {name: value for name, value in self.params.items() if name not in given}
        return self._function(ctx, *args, **bound, **kwargs)

    def __repr__(self) -> str:
        params = ", ".join(f"{name}={value!r}" for name, value in self.params.items())
        return f"<Module {self.module_id}({params})>"

    def with_args(self, **params: Any) -> Module:
        """Return this module bound to parameters; those bound before stay, unless given again.

        Raises
        ------
        TypeError
            When the function does not take them, or needs others.
        """
        return self._changed(params={**self.params, **params})

    def with_options(
        self, *, name: str | None = None, timeout: float | None = None, retries: int | None = None
    ) -> Module:
        """Return this module with another name, timeout or number of retries."""
        changed = self._changed(name=name, timeout=timeout, retries=retries)
        given = {"name": name, "timeout": timeout, "retries": retries}
        changed._options = {
            **self._options,
            **{key: value for key, value in given.items() if value is not None},
        }
        return changed

    def newest(self) -> Module:
        """Return this module as it is now defined, under the same name and bound to the same parameters.

        The definition is looked up where the function was defined, by its name: in a notebook, the cell that
        ran last counts. Timeout and retries are the new definition's, unless `with_options` gave others. A
        module that cannot be found there (one made inside a function) stays as it is.

        Raises
        ------
        TypeError
            When the new definition does not take the parameters, or is no module's function.
        """
        found = _defined(self._function)
        function = found._function if isinstance(found, Module) else found
        # What was compiled only once is one definition, however often it was run: a loop that makes modules.
        if not inspect.isroutine(function) or _code(function) is _code(self._function):
            return self
        base = (
            found
            if isinstance(found, Module)
            else Module(function, timeout=self.timeout, retries=self.retries)
        )
        newest = base.with_options(**{**self._options, "name": self.module_id})
        newest._options = self._options
        newest.params = self.params
        try:
            newest.check()
        except TypeError as error:
            raise TypeError(f"the new definition does not fit the step: {error}") from None
        return newest

    def check(self) -> None:
        """Make sure that the function can be called with the bound parameters.

        Raises
        ------
        TypeError
            Naming the parameter that is missing or unknown.
        """
        taken = list(self._signature.parameters.values())[1:]
        takes = ", ".join(parameter.name for parameter in taken) or "no parameters"
        unknown = set(self.params) - {parameter.name for parameter in taken}
        try:
            if unknown and not any(parameter.kind is parameter.VAR_KEYWORD for parameter in taken):
                raise TypeError(f"got an unexpected argument: {', '.join(map(repr, sorted(unknown)))}")
            self._signature.bind(None, **self.params)
        except TypeError as error:
            raise TypeError(f"{self.module_id}: {error}; it takes {takes} (give them by with_args)") from None

    def run(self, ctx: Any) -> None:
        """Call the function with the bound parameters."""
        self._function(ctx, **self.params)

    def _changed(
        self,
        *,
        name: str | None = None,
        timeout: float | None = None,
        retries: int | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> Module:
        changed = Module(
            self._function,
            name=self.module_id if name is None else name,
            timeout=self.timeout if timeout is None else timeout,
            retries=self.retries if retries is None else retries,
            params=params,
        )
        if params is None:
            changed.params = self.params
        changed._options = self._options
        return changed


@overload
def module(function: ModuleFunction, /) -> Module: ...


@overload
def module(
    *, name: str | None = None, timeout: float = DEFAULT_TIMEOUT, retries: int = 0
) -> Callable[[ModuleFunction], Module]: ...


def module(
    function: ModuleFunction | None = None,
    /,
    *,
    name: str | None = None,
    timeout: float = DEFAULT_TIMEOUT,
    retries: int = 0,
) -> Module | Callable[[ModuleFunction], Module]:
    """Make a module of a function: ``@module``, or ``@module(timeout=30, retries=1)``.

    Parameters
    ----------
    function
        Takes the `Context` first. An AssertionError that leaves it is a failed check, any other exception
        an error.
    name
        What messages call it (`module_id`); the function's name, when absent.
    timeout
        Seconds that one attempt may take, whatever the function does.
    retries
        How many more attempts a failed one gets.

    Raises
    ------
    TypeError, ValueError
        Saying what is wrong with which of them.
    """
    if function is not None:
        return Module(function, name=name, timeout=timeout, retries=retries)
    _checked_timeout(timeout), _checked_retries(retries)
    return functools.partial(Module, name=name, timeout=timeout, retries=retries)


def _checked_function(function: ModuleFunction) -> ModuleFunction:
    if isinstance(function, Module):
        raise TypeError(f"{function.module_id} is a module already; change it by with_args or with_options")
    if not inspect.isroutine(function):
        raise TypeError(
            f"a module is made of a function, not of {function!r}; write @module(timeout=…) by name"
        )
    name = function.__name__
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise TypeError(f"{name} is async; a module runs in a thread of its own, write it as a plain def")
    if inspect.isgeneratorfunction(function):
        raise TypeError(f"{name} yields, so calling it would run nothing; a module is a plain function")
    first = next(iter(inspect.signature(function).parameters.values()), None)
    if first is None or first.kind not in (first.POSITIONAL_ONLY, first.POSITIONAL_OR_KEYWORD):
        raise TypeError(f"{name} must take the context as its first parameter: def {name}(ctx, …)")
    return function


def _checked_name(name: str) -> str:
    if not isinstance(name, str) or not name.strip():
        raise ValueError(f"a module's name is a text that is not empty, not {name!r}")
    return name


def _checked_timeout(timeout: float) -> float:
    if isinstance(timeout, bool) or not isinstance(timeout, int | float):
        raise TypeError(f"timeout is a number of seconds, not {timeout!r}")
    if not (timeout > 0 and math.isfinite(timeout)):
        raise ValueError(f"timeout must be more than 0 seconds and finite, not {timeout!r}")
    return float(timeout)


def _checked_retries(retries: int) -> int:
    if isinstance(retries, bool) or not isinstance(retries, int):
        raise TypeError(f"retries is a whole number, not {retries!r}")
    if retries < 0:
        raise ValueError(f"retries cannot be negative: {retries}")
    return retries


def _defined(function: ModuleFunction) -> Any:
    """Find what has a function's name now, in the namespace that the function was defined in."""
    plain = inspect.unwrap(function)
    path = getattr(plain, "__qualname__", "").split(".")
    found = getattr(plain, "__globals__", {}).get(path[0])
    for name in path[1:]:
        found = getattr(found, name, None)
    return found


def _code(function: ModuleFunction) -> CodeType | None:
    return getattr(inspect.unwrap(function), "__code__", None)
