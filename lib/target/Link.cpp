//===- Link.cpp - Objects, runtime and weights to one library -------------===//
//
// The C libraries are represented by stubs, made here, of the functions that a
// library may use: those with one meaning in all versions of glibc, since a
// stub has no versions. With them LLD finds every symbol that the deployed
// machine would not have.
//
//===----------------------------------------------------------------------===//
#include "lib/target/Link.h"

#include "lib/support/FileOutput.h"
#include "lib/target/ElfObject.h"
#include "lib/target/LibraryFile.h"

#include "mixbit/runtime.h"
#include "runtime/HugePages.h"

#include "lld/Common/Driver.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

#include <mutex>

LLD_HAS_DRIVER(elf)

using namespace llvm;

namespace mixbit {

namespace {
struct SystemLibrary {
  StringLiteral soname;
  StringLiteral symbols; ///< separated by spaces
};
} // namespace

static constexpr SystemLibrary systemLibraries[] = {
    {"libc.so.6",
     "aligned_alloc bcmp clock_gettime free getauxval getenv madvise malloc "
     "memcmp memcpy memmove memset mmap mprotect mremap munmap pthread_sigmask "
     "sigfillset strcmp strlen syscall vsnprintf"},
    // Part of libc since glibc 2.34, which still ships an empty one.
    {"libpthread.so.0", "pthread_create pthread_join"},
    {"libm.so.6",
     "acos acosf acosh acoshf asin asinf asinh asinhf atan atan2 atan2f atanf "
     "atanh atanhf cbrt cbrtf ceil ceilf copysign copysignf cos cosf cosh "
     "coshf erf erfc erfcf erff exp exp2 exp2f expf expm1 expm1f fabs fabsf "
     "floor floorf fma fmaf fmax fmaxf fmin fminf fmod fmodf hypot hypotf "
     "ldexp ldexpf log log10 log10f log1p log1pf log2 log2f logf nearbyint "
     "nearbyintf pow powf remainder remainderf rint rintf round roundeven "
     "roundevenf roundf sin sinf sinh sinhf sqrt sqrtf tan tanf tanh tanhf "
     "trunc truncf"}};

namespace {
/// The temporary files of one link.
class Workspace {
public:
  Error create() {
    if (std::error_code code =
            sys::fs::createUniqueDirectory("mixbit-link", folder))
      return createStringError(code, "cannot create a temporary folder: " +
                                         code.message());
    return Error::success();
  }
  ~Workspace() {
    if (!folder.empty())
      sys::fs::remove_directories(folder);
  }
  std::string path(const Twine &name) const {
    SmallString<128> result(folder);
    sys::path::append(result, name);
    return std::string(result);
  }
  Error write(const Twine &name, StringRef bytes) const {
    return write(name, [&](raw_pwrite_stream &os) { os << bytes; });
  }
  Error write(const Twine &name,
              function_ref<void(raw_pwrite_stream &)> contents) const {
    std::error_code code;
    raw_fd_ostream os(path(name), code, sys::fs::OF_None);
    if (!code) {
      contents(os);
      os.close();
      code = os.error();
      os.clear_error();
    }
    if (code)
      return createStringError(
          code, path(name) + ": cannot be written: " + code.message());
    return Error::success();
  }

private:
  SmallString<128> folder;
};
} // namespace

/// Runs LLD with these arguments.
static Error runLinker(Architecture architecture,
                       ArrayRef<std::string> arguments) {
  // LLD keeps its state in globals.
  static std::mutex mutex;
  std::lock_guard<std::mutex> lock(mutex);
  std::vector<const char *> all = {
      "ld.lld", "-m",
      architecture == Architecture::X86_64 ? "elf_x86_64" : "aarch64linux"};
  for (const std::string &argument : arguments)
    all.push_back(argument.c_str());
  std::string messages;
  raw_string_ostream os(messages);
  static bool isUsable = true;
  if (!isUsable)
    return createStringError("linking failed: the linker crashed before");
  lld::Result result =
      lld::lldMain(all, nulls(), os, {{lld::Gnu, &lld::elf::link}});
  isUsable = result.canRunAgain;
  if (result.retCode == 0)
    return Error::success();
  return createStringError("linking failed: " + StringRef(messages).trim());
}

/// Writes the stub of a system library into the workspace.
static Error makeStub(const Workspace &workspace, Architecture architecture,
                      const SystemLibrary &library) {
  std::string object = (library.soname + ".o").str();
  if (Error error = workspace.write(object, [&](raw_pwrite_stream &os) {
        ElfObjectWriter writer(os, architecture);
        writer.beginSection(".text", ELF::SHT_PROGBITS,
                            ELF::SHF_ALLOC | ELF::SHF_EXECINSTR, 16);
        SmallVector<StringRef> names;
        StringRef(library.symbols).split(names, ' ');
        for (StringRef name : names)
          writer.addSymbol(name, /*isHidden=*/false);
        os.write_zeros(16);
        writer.finish();
      }))
    return error;
  return runLinker(architecture,
                   {"-shared", "-soname", library.soname.str(), "-o",
                    workspace.path(library.soname), workspace.path(object)});
}

/// Note and metadata.
static Error makeDescription(const Workspace &workspace,
                             const LinkInputs &inputs) {
  return workspace.write("description.o", [&](raw_pwrite_stream &os) {
    ElfObjectWriter writer(os, inputs.architecture);
    writer.beginSection(noteSection, ELF::SHT_NOTE,
                        ELF::SHF_ALLOC | ELF::SHF_GNU_RETAIN, 4);
    os << emptyLibraryNote();
    writer.beginSection(metadataSection, ELF::SHT_PROGBITS,
                        ELF::SHF_ALLOC | ELF::SHF_GNU_RETAIN, 1);
    writer.addSymbol(metadataSymbol, /*isHidden=*/true);
    os << inputs.metadata << '\0';
    writer.finish();
  });
}

Error linkLibrary(const LinkInputs &inputs, StringRef outputPath) {
  StringRef runtime = runtimeArchive(inputs.architecture);
  if (runtime.empty())
    return createStringError("expected a runtime for " +
                             architectureName(inputs.architecture) +
                             ", but this build of Mixbit has none");
  auto output = FileOutput::create(outputPath, /*isExecutable=*/true);
  if (!output)
    return output.takeError();
  if ((*output)->temporaryPath().empty())
    return createStringError(outputPath + ": cannot be written: expected a "
                                          "regular file for a library");
  Workspace workspace;
  if (Error error = workspace.create())
    return error;

  std::string soname = inputs.soname.empty()
                           ? sys::path::filename(outputPath).str()
                           : inputs.soname;
  std::vector<std::string> arguments = {
      "-shared", "--gc-sections", "-Bsymbolic", "--no-undefined", "--as-needed",
      "--hash-style=gnu", "--build-id=none", "--no-rosegment",
      // Debuggers and profilers need the names of kernels; sections of local
      // labels only make the file larger.
      "--discard-locals", "-z", "relro", "-z", "now", "-z", "noexecstack",
      "-soname", soname,
      // Pulls the runtime out of its archive.
      "-u", "mixbit_get_api", "--version-script=" + workspace.path("exports"),
      "-o", (*output)->temporaryPath()};
  if (Error error = workspace.write("exports",
                                    "{ global: mixbit_get_api; local: *; };\n"))
    return error;
  if (Error error = makeDescription(workspace, inputs))
    return error;
  arguments.push_back(workspace.path("description.o"));
  for (size_t i = 0; i < inputs.objects.size(); ++i) {
    std::string name = "object" + std::to_string(i) + ".o";
    if (Error error = workspace.write(name, inputs.objects[i]))
      return error;
    arguments.push_back(workspace.path(name));
  }
  if (!inputs.weightsObject.empty()) {
    arguments.push_back(inputs.weightsObject);
    // Where file and addresses agree in this, a mapping can have huge pages.
    // Nothing lies between the segments in the file.
    uint64_t size = 0;
    if (std::error_code code = sys::fs::file_size(inputs.weightsObject, size))
      return createStringError(code,
                               inputs.weightsObject + ": " + code.message());
    if (size >= uint64_t(runtime::leastForHugePages))
      arguments.insert(
          arguments.end(),
          {"-z", "max-page-size=" + std::to_string(runtime::hugePage)});
  }
  if (Error error = workspace.write("runtime.a", runtime))
    return error;
  arguments.push_back(workspace.path("runtime.a"));
  for (const SystemLibrary &library : systemLibraries) {
    if (Error error = makeStub(workspace, inputs.architecture, library))
      return error;
    arguments.push_back(workspace.path(library.soname));
  }

  if (Error error = runLinker(inputs.architecture, arguments))
    return error;
  if (Error error = stampLibraryFile((*output)->temporaryPath(),
                                     inputs.architecture, MIXBIT_ABI_VERSION))
    return error;
  return (*output)->keep();
}

Error mergeObjects(Architecture architecture, ArrayRef<StringRef> objects,
                   SmallVectorImpl<char> &merged) {
  Workspace workspace;
  if (Error error = workspace.create())
    return error;
  std::string result = workspace.path("merged.o");
  std::vector<std::string> arguments = {"-r", "-o", result};
  for (size_t i = 0; i < objects.size(); ++i) {
    std::string name = "object" + std::to_string(i) + ".o";
    if (Error error = workspace.write(name, objects[i]))
      return error;
    arguments.push_back(workspace.path(name));
  }
  if (Error error = runLinker(architecture, arguments))
    return error;
  auto buffer = MemoryBuffer::getFile(result);
  if (!buffer)
    return errorCodeToError(buffer.getError());
  StringRef bytes = (*buffer)->getBuffer();
  merged.assign(bytes.begin(), bytes.end());
  return Error::success();
}

} // namespace mixbit
