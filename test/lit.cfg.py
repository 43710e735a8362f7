# The lit suites of this project. What a test may say beyond plain lit:
#
#   tools of build/*/bin, FileCheck, not, split-file ... are on the PATH
#   %{status} N CMD   runs CMD, which must exit with status N
#   %{models}         the committed ONNX files, test/models
#   %{shared-models}  large models outside of the repository  (shared-models)
#   %{python}         a Python; with onnx if the feature says so (python-onnx)
#   %{onnx}           makes an ONNX file of the text of its protobuf (a filter)
#   %{cc} %{include}  a C compiler and the folder of mixbit/runtime.h
#   %{runtime}        the runtime for this machine, an archive
#   %{ptxas}          NVIDIA's assembler                        (ptxas)
#   %{onnx-from-text} stdin, a ModelProto in protobuf's text format, to a file
#                     on stdout                                 (protoc)
#   %{qemu-aarch64}   runs an AArch64 program                   (qemu-aarch64)
#   %{cc-aarch64}     compiles one
#
# Features for REQUIRES: those in parentheses; x86_64 or aarch64; what this CPU
# has: avx2, avx512vnni; sanitizers when built with them.
import os
import platform
import shutil
import subprocess

import lit.formats

config.name = "mixbit"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = config.mixbit_test_build

config.environment["PATH"] = os.pathsep.join(
    [config.mixbit_bin, config.llvm_tools, os.environ.get("PATH", "")])
config.environment["LC_ALL"] = "C"
for variable in ["MIXBIT_TARGET", "ASAN_OPTIONS", "UBSAN_OPTIONS", "HOME"]:
    if variable in os.environ:
        config.environment[variable] = os.environ[variable]


def feature(name, present, **substitutions):
    """A feature, and the substitutions that only make sense with it."""
    if present:
        config.available_features.add(name)
    for key, value in substitutions.items():
        key = key.replace("_", "-")
        config.substitutions.append(("%{" + key + "}", value or "no-" + name))


def runs(*command):
    try:
        return subprocess.run(command, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def find(program, *folders):
    return shutil.which(program) or next(
        (p for p in (os.path.join(f, program) for f in folders)
         if os.path.exists(p)), None)


config.substitutions.append(
    ("%{models}", os.path.join(config.test_source_root, "models")))
config.substitutions.append(
    ("%{status}", "sh " + os.path.join(config.test_source_root, "status")))
config.substitutions.append(
    ("%{runtime}", os.path.join(os.path.dirname(config.mixbit_bin), "runtime",
                                f"mixbit-runtime-{platform.machine()}.a")))
config.substitutions.append(
    ("%{include}", os.path.join(config.mixbit_source, "include")))
config.substitutions.append(("%{cc}", config.mixbit_cc))
config.substitutions.append(
    ("%{onnx}", "protoc -I /usr/include --encode=onnx.ModelProto "
                "onnx/onnx.proto"))

machine = platform.machine()
feature(machine, True)
flags = set()
if os.path.exists("/proc/cpuinfo"):
    with open("/proc/cpuinfo") as info:
        for line in info:
            if line.startswith(("flags", "Features")):
                flags = set(line.split(":", 1)[1].split())
                break
feature("avx2", {"avx2", "fma", "f16c", "bmi2"} <= flags)
feature("avx512vnni", {"avx512f", "avx512bw", "avx512vl", "avx512dq",
                       "avx512_vnni"} <= flags)
feature("sanitizers", config.mixbit_sanitize)

python = os.environ.get("MIXBIT_TEST_PYTHON", config.mixbit_python)
config.substitutions.append(("%{python}", python))
feature("python-onnx", runs(python, "-c", "import onnx, numpy"))

shared = os.environ.get(
    "MIXBIT_SHARED_MODELS",
    os.path.join(os.path.dirname(config.mixbit_source), "shared", "models"))
feature("shared-models", os.path.isdir(shared), shared_models=shared)

ptxas = find("ptxas", "/usr/local/cuda/bin")
feature("ptxas", ptxas, ptxas=ptxas)

protoc = find("protoc")
onnx_proto = "/usr/include/onnx/onnx.proto"
feature("protoc", protoc and os.path.exists(onnx_proto),
        onnx_from_text=protoc and f"{protoc} --encode=onnx.ModelProto "
                                  f"-I{os.path.dirname(onnx_proto)} "
                                  f"{onnx_proto}")

sysroot = "/usr/aarch64-linux-gnu"
qemu = find("qemu-aarch64")
if not os.path.exists(sysroot + "/lib/libc.so.6"):
    qemu = None
feature("qemu-aarch64", qemu,
        qemu_aarch64=qemu and f"{qemu} -L {sysroot}",
        cc_aarch64=f"{config.mixbit_cc} --target=aarch64-linux-gnu "
                   f"-fuse-ld=lld-22 -isystem {sysroot}/include "
                   f"-B{sysroot}/lib -L{sysroot}/lib -nostartfiles "
                   f"{sysroot}/lib/crt1.o {sysroot}/lib/crti.o "
                   f"-nodefaultlibs -lc {sysroot}/lib/crtn.o")
