"""Compiled kernels: LLVM's passes, object files in the folder of compiled code, and the functions in them.

An object file is stored under a name made of the texts it was compiled from, the processor and the versions, so that
nothing stale is ever found, behind a digest of what it must be.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.binding as llvm
from llvmlite import ir

from numeric.backends.kept_code import owned_folder
from numeric.backends.machine import products
from numeric.backends.machine.arithmetic import WHOLE
from numeric.backends.machine.translation import translate
from numeric.output import write_output

BYTES = (("avx512f", 64), ("avx", 32))  # of a vector register, by feature of the processor
OPTIMISED = 2
_BITS = {"float32": 32, "float64": 64}


@functools.cache
def lanes(bits: int) -> int:
    """How many numbers of so many bits a vector register of this processor holds."""
    features = llvm.get_host_cpu_features()
    return next((size for feature, size in BYTES if features.get(feature)), 16) * 8 // bits


@functools.cache
def _machine() -> Any:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=f"{llvm.get_host_cpu_features().flatten()},-prefer-256-bit",
        opt=OPTIMISED,
        reloc="static",
        jit=True,
    )


@functools.cache
def _engine() -> Any:
    empty = llvm.parse_assembly("")
    empty.triple = llvm.get_process_triple()
    return llvm.create_mcjit_compiler(empty, _machine())


@functools.cache
def _version() -> str:
    """What stands for the compiler: its own text, LLVM's and the processor's names."""
    texts = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    machine = f"{llvmlite.__version__} {llvm.get_host_cpu_name()} {llvm.get_host_cpu_features().flatten()}"
    return hashlib.sha256(texts + machine.encode()).hexdigest()


_found: dict[str, int] = {}


def addresses(texts: Mapping[str, str], dtype: str, search: bool = False) -> dict[str, int]:
    """The addresses of the machine's functions for kernels by name, compiled now or in an earlier process.

    With ``search`` LLVM also looks for vectors in loops that are not written as such: it takes about twice as long.
    """
    bits = _BITS[dtype]
    keys = {name: _key(text, dtype) for name, text in texts.items()}
    new = {keys[name]: text for name, text in texts.items() if keys[name] not in _found}
    if new:
        _load(new, bits, search)
    return {name: _found[key] for name, key in keys.items()}


def _key(text: str, dtype: str) -> str:
    return "k" + hashlib.sha256(f"{dtype} {text}".encode()).hexdigest()[:24]


def _load(texts: Mapping[str, str], bits: int, search: bool = False) -> None:
    """Read or compile one object file with all of these kernels, and find their functions."""
    content = "".join(sorted(texts))
    path = owned_folder() / f"kernels_{hashlib.sha256((content + _version()).encode()).hexdigest()[:24]}.o"
    whole = path.read_bytes() if path.exists() else b""
    told, data = whole[:32], whole[32:]
    if hashlib.sha256(data).digest() != told:  # not there, or not what was written
        data = _compiled(texts, bits, search)
        write_output(path, hashlib.sha256(data).digest() + data)
    engine = _engine()
    engine.add_object_file(llvm.ObjectFileRef.from_data(data))
    engine.finalize_object()
    for key in texts:
        _found[key] = engine.get_function_address(key)


def _compiled(texts: Mapping[str, str], bits: int, search: bool) -> bytes:
    module = ir.Module()
    module.triple = llvm.get_process_triple()
    for key, text in texts.items():
        if key == _DRIVER:
            _write_driver(module)
        elif key == products.name(bits):
            products.write_multiply(module, bits, lanes(bits))
        else:
            translate(text, module, key, bits, lanes(bits))
    parsed = llvm.parse_assembly(str(module))
    options = llvm.create_pipeline_tuning_options(speed_level=OPTIMISED)
    options.loop_vectorization, options.slp_vectorization = search, False
    passes = llvm.create_pass_builder(_machine(), options)
    passes.getModulePassManager().run(parsed, passes)
    return _machine().emit_object(parsed)


def driver() -> int:
    """The address of ``run(code, count)``: for each pair in ``code``, call the function at the first on the second."""
    if _DRIVER not in _found:
        _load({_DRIVER: _DRIVER}, 64)
    return _found[_DRIVER]


def multiplication(dtype: str) -> int:
    """The address of the function of ``products``; compiled code, numba's too, may call it by its name."""
    bits = _BITS[dtype]
    name = products.name(bits)
    if name not in _found:
        _load({name: name}, bits)
        llvm.add_symbol(name, _found[name])
    return _found[name]


_DRIVER = "run"


def _write_driver(module: ir.Module) -> None:
    table = WHOLE.as_pointer()
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [table, WHOLE]), _DRIVER)
    code, count = function.args
    before, loop, after = (function.append_basic_block(name) for name in ("before", "loop", "after"))
    b = ir.IRBuilder(before)
    b.cbranch(b.icmp_signed("<", ir.Constant(WHOLE, 0), count), loop, after)
    b.position_at_end(loop)
    k = b.phi(WHOLE)
    k.add_incoming(ir.Constant(WHOLE, 0), before)
    kernel, arguments = (
        b.load(b.gep(code, [b.add(b.mul(k, ir.Constant(WHOLE, 2)), ir.Constant(WHOLE, part))])) for part in (0, 1)
    )
    entry = ir.FunctionType(ir.VoidType(), [table]).as_pointer()
    b.call(b.inttoptr(kernel, entry), [b.inttoptr(arguments, table)])
    following = b.add(k, ir.Constant(WHOLE, 1))
    k.add_incoming(following, loop)
    b.cbranch(b.icmp_signed("<", following, count), loop, after)
    b.position_at_end(after)
    b.ret_void()
