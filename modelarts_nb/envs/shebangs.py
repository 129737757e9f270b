"""First lines of scripts that the kernel can still read after the prefix changed.

Linux reads at most 127 bytes of a ``#!`` line on the kernels of old images (binfmt_script; 255
since 5.1), and takes the interpreter up to the first space.
"""

from __future__ import annotations

import re

LIMIT = 127

# What pip and conda write for a long path, with and without quotes: sh runs the second line,
# python reads it as the beginning of a string.
_POLYGLOT = re.compile(
    rb"""\A#!/bin/sh[ \t]*\n'''exec'[ ]"?(?P<python>/[^"\n]*?/bin/[^/"\n ]+)"?"""
    rb"""(?P<options>(?:[ ][^"\n]+)?)[ ]"\$0"[ ]"\$@"[ \t]*\n' '''[ \t]*\n"""
)


def readable(script: bytes, prefix: bytes) -> bytes:
    """``script`` with a first line that starts an interpreter of ``prefix`` on every kernel.

    Args:
        script: the content of a script; its first line may name an interpreter of ``prefix``.
        prefix: the (new) prefix.
    """
    polyglot = _POLYGLOT.match(script)
    if polyglot:
        python = polyglot["python"]
        if not python.startswith(prefix + b"/"):
            return script
        return _exec_line(python, polyglot["options"].strip()) + script[polyglot.end() :]
    if not script.startswith(b"#!"):
        return script
    line, newline, rest = script.partition(b"\n")
    command = line[2:].strip()
    if not command.startswith(prefix + b"/"):
        return script
    inner, _, options = command[len(prefix) :].partition(b" ")
    interpreter, options = prefix + inner, options.strip()
    if len(line.rstrip()) <= LIMIT and b" " not in prefix:
        return script
    name = interpreter.rpartition(b"/")[2]
    if name.startswith((b"python", b"pypy")):
        return _exec_line(interpreter, options) + rest
    # Other languages cannot read sh's line as their own; an activated environment finds them.
    found = b"#!/usr/bin/env " + (b"-S " + name + b" " + options if options else name)
    return found + newline + rest


def interpreter_of(head: bytes) -> bytes | None:
    """The interpreter that the beginning of a script names, through a polyglot too."""
    polyglot = _POLYGLOT.match(head)
    if polyglot:
        return bytes(polyglot["python"])
    if not head.startswith(b"#!"):
        return None
    line = head[2:].partition(b"\n")[0].strip()
    match = re.match(rb"(/.*?/bin/[^/ ]+)", line)
    return match[1] if match else None


def _exec_line(python: bytes, options: bytes) -> bytes:
    arguments = b" " + options if options else b""
    return b"#!/bin/sh\n'''exec' \"" + python + b'"' + arguments + b' "$0" "$@"\n' + b"' '''\n"
