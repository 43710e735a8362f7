//===- LinkTest.cpp - From LLVM IR to a running library ---------*- C++ -*-===//
#include "TestModule.h"

#include "lib/target/Loader.h"
#include "lib/target/WeightsObject.h"

#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Program.h"
#include "gtest/gtest.h"

#include <sys/resource.h>

#include <csignal>
#include <cstring>

using namespace llvm;
using namespace mixbit;

static StringRef hostTarget() {
  return hostArchitecture() == Architecture::X86_64 ? "x86-64" : "aarch64";
}

/// The test module compiled for this machine.
static SmallVector<char, 0> testModuleObject() {
  LLVMContext context;
  auto module = parseModule(context, testModuleText());
  SmallVector<char, 0> object;
  cantFail(emitCode(*module, *findTarget(hostTarget()), CodeFileType::Object,
                    object));
  return object;
}

TEST(Link, TheLibraryRuns) {
  TestFolder folder;
  std::string path = folder / "model.so";
  ASSERT_EQ(
      toString(buildLibrary(hostTarget(), testModuleText(), folder.path, path)),
      "");
  EXPECT_EQ(folder.numFiles(), 1);
  auto library = LoadedLibrary::load(path);
  ASSERT_TRUE(bool(library)) << toString(library.takeError());
  const mixbit_api &api = (*library)->api();
  EXPECT_STREQ(api.metadata(&api), R"({"layers": ["/Mul"]})");
  EXPECT_EQ((*library)->info().metadata, R"({"layers": ["/Mul"]})");
  for (int threads : {1, 3}) {
    mixbit_context *context;
    ASSERT_EQ(api.context_create(&api, 0, threads, &context), MIXBIT_OK);
    float x[] = {1, 2, 3, 4, 5};
    mixbit_tensor tensor = {x, MIXBIT_F32, 1, {5}, nullptr};
    EXPECT_EQ(api.bind_input(context, 0, &tensor), MIXBIT_OK);
    ASSERT_EQ(api.run(context), MIXBIT_OK) << api.last_error(context);
    EXPECT_EQ(api.get_output(context, 0, &tensor), MIXBIT_OK);
    for (int i = 0; i < 5; ++i)
      EXPECT_EQ(static_cast<float *>(tensor.data)[i], 2 * x[i] + 3);
    api.context_destroy(context);
  }
}

/// What a library asks of the machine it is deployed on, and shows to it.
static void checkDynamicSection(const std::string &path) {
  auto binary = object::ObjectFile::createObjectFile(path);
  ASSERT_TRUE(bool(binary)) << toString(binary.takeError());
  auto &file = cast<object::ELF64LEObjectFile>(*binary->getBinary());
  auto entries = cantFail(file.getELFFile().dynamicEntries());
  std::string strings;
  for (const object::SectionRef &section : file.sections())
    if (cantFail(section.getName()) == ".dynstr")
      strings = cantFail(section.getContents()).str();
  for (const auto &entry : entries) {
    std::string text = strings.c_str() +
                       (entry.getTag() == ELF::DT_NEEDED ? entry.getVal() : 0);
    if (entry.getTag() == ELF::DT_NEEDED) {
      EXPECT_TRUE(text == "libc.so.6" || text == "libm.so.6" ||
                  text == "libpthread.so.0")
          << text;
    }
    EXPECT_NE(entry.getTag(), uint64_t(ELF::DT_TEXTREL));
    EXPECT_NE(entry.getTag(), uint64_t(ELF::DT_RUNPATH));
  }
  std::vector<std::string> exported;
  for (const object::ELFSymbolRef &symbol : file.getDynamicSymbolIterators())
    if (!(cantFail(symbol.getFlags()) & object::SymbolRef::SF_Undefined))
      exported.push_back(cantFail(symbol.getName()).str());
  EXPECT_EQ(exported, std::vector<std::string>{"mixbit_get_api"});
  bool hasWeights = false;
  for (const object::ELFSectionRef section : file.sections())
    if (cantFail(section.getName()) == weightsSection) {
      hasWeights = true;
      EXPECT_EQ(section.getFlags(), uint64_t(ELF::SHF_ALLOC));
      EXPECT_EQ(section.getAddress() % weightsAlignment, 0u);
    }
  EXPECT_TRUE(hasWeights);
  for (const auto &segment : cantFail(file.getELFFile().program_headers())) {
    EXPECT_FALSE((segment.p_flags & ELF::PF_W) &&
                 (segment.p_flags & ELF::PF_X));
    if (segment.p_type == ELF::PT_GNU_STACK) {
      EXPECT_FALSE(segment.p_flags & ELF::PF_X);
    }
  }
}

TEST(Link, NeedsOnlyTheCLibrariesAndExportsOneFunction) {
  TestFolder folder;
  for (StringRef target : {"x86-64", "aarch64"}) {
    Architecture architecture = cantFail(architectureOf(*findTarget(target)));
    if (runtimeArchive(architecture).empty())
      continue;
    std::string path = folder / "model.so";
    ASSERT_EQ(
        toString(buildLibrary(target, testModuleText(), folder.path, path)),
        "");
    checkDynamicSection(path);
    auto info = readLibraryFile(path);
    ASSERT_TRUE(bool(info)) << toString(info.takeError());
    EXPECT_EQ(info->architecture, architecture);
  }
}

TEST(Link, SameInputsSameBytes) {
  TestFolder a, b;
  for (TestFolder *folder : {&a, &b})
    ASSERT_EQ(toString(buildLibrary(hostTarget(), testModuleText(),
                                    folder->path, *folder / "model.so")),
              "");
  EXPECT_TRUE(readFile(a / "model.so") == readFile(b / "model.so"));
}

/// LLD resets the options of LLVM's code generators.
TEST(Link, CodeAfterALinkIsAsBefore) {
  auto assembly = [] {
    LLVMContext context;
    auto module = parseModule(context, R"(
declare <8 x i32> @llvm.x86.avx2.pmadd.wd(<16 x i16>, <16 x i16>)
define <8 x i32> @f(<8 x i32> %s, <16 x i16> %a, <16 x i16> %b, <16 x i16> %c, <16 x i16> %d) {
  %t0 = call <8 x i32> @llvm.x86.avx2.pmadd.wd(<16 x i16> %a, <16 x i16> %b)
  %t1 = call <8 x i32> @llvm.x86.avx2.pmadd.wd(<16 x i16> %b, <16 x i16> %c)
  %t2 = call <8 x i32> @llvm.x86.avx2.pmadd.wd(<16 x i16> %c, <16 x i16> %d)
  %t3 = call <8 x i32> @llvm.x86.avx2.pmadd.wd(<16 x i16> %d, <16 x i16> %a)
  %t4 = add <8 x i32> %s, %t0
  %t5 = add <8 x i32> %t4, %t1
  %t6 = add <8 x i32> %t5, %t2
  %t7 = add <8 x i32> %t6, %t3
  ret <8 x i32> %t7
})");
    SmallVector<char, 0> code;
    cantFail(emitCode(*module, *findTarget("x86-64-v3"), CodeFileType::Assembly,
                      code));
    return std::string(code.begin(), code.end());
  };
  TestFolder folder;
  std::string before = assembly();
  ASSERT_EQ(toString(buildLibrary(hostTarget(), testModuleText(), folder.path,
                                  folder / "model.so")),
            "");
  EXPECT_EQ(assembly(), before);
}

TEST(Link, SymbolsThatNoMachineHasAreErrors) {
  TestFolder folder;
  std::string text = testModuleText().str();
  size_t at = text.find("%w = fmul float %v, %f");
  text.insert(at, "call void @no_such_function()\n  ");
  text += "declare void @no_such_function()\n";
  std::string message = toString(
      buildLibrary(hostTarget(), text, folder.path, folder / "model.so"));
  EXPECT_NE(message.find("undefined symbol: no_such_function"),
            std::string::npos)
      << message;
  EXPECT_EQ(folder.numFiles(), 0);
  // The linker can be used again.
  EXPECT_EQ(toString(buildLibrary(hostTarget(), testModuleText(), folder.path,
                                  folder / "model.so")),
            "");
}

TEST(Link, AFullDiskLeavesNothing) {
  TestFolder folder;
  signal(SIGXFSZ, SIG_IGN);
  rlimit before, limit;
  getrlimit(RLIMIT_FSIZE, &before);
  // Room for everything but the library: not for its 1 MB of weights.
  auto weights =
      WeightsObject::create(folder / "weights.o", hostArchitecture());
  ASSERT_TRUE(bool(weights));
  std::vector<char> zeros(1 << 20);
  cantFail((*weights)->write(0, zeros));
  cantFail((*weights)->finish());
  SmallVector<char, 0> object = testModuleObject();
  LinkInputs inputs;
  inputs.architecture = hostArchitecture();
  inputs.objects = {StringRef(object.data(), object.size())};
  inputs.weightsObject = folder / "weights.o";
  limit = before;
  limit.rlim_cur = 512 << 10;
  setrlimit(RLIMIT_FSIZE, &limit);
  std::string message = toString(linkLibrary(inputs, folder / "model.so"));
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_NE(message, "");
  EXPECT_EQ(folder.numFiles(), 1) << message;
  // A device is not replaced by a library.
  EXPECT_NE(toString(linkLibrary(inputs, "/dev/full")), "");
  EXPECT_NE(toString(linkLibrary(inputs, folder / "no/model.so")), "");
  EXPECT_EQ(toString(linkLibrary(inputs, folder / "model.so")), "");
}

/// Segments of a library with large weights can be mapped in huge pages, which
/// costs no bytes of the file, and the library runs however they are asked for.
TEST(Link, LargeWeightsInHugePages) {
  TestFolder folder;
  auto weights =
      WeightsObject::create(folder / "weights.o", hostArchitecture());
  ASSERT_TRUE(bool(weights));
  std::vector<char> bytes(9 << 20, 'w');
  const float numbers[] = {2, 3};
  std::memcpy(bytes.data(), numbers, sizeof(numbers));
  cantFail((*weights)->write(0, bytes));
  cantFail((*weights)->finish());
  SmallVector<char, 0> object = testModuleObject();
  LinkInputs inputs;
  inputs.architecture = hostArchitecture();
  inputs.objects = {StringRef(object.data(), object.size())};
  inputs.weightsObject = folder / "weights.o";
  for (const char *mode : {"advise", "copy", "off"}) {
    // A file each: a library asks once.
    std::string path = folder / (std::string(mode) + ".so");
    ASSERT_EQ(toString(linkLibrary(inputs, path)), "");
    uint64_t size = 0;
    ASSERT_FALSE(sys::fs::file_size(path, size));
    EXPECT_LT(size, bytes.size() + (512 << 10));
    auto binary = object::ObjectFile::createObjectFile(path);
    ASSERT_TRUE(bool(binary)) << toString(binary.takeError());
    auto &file = cast<object::ELF64LEObjectFile>(*binary->getBinary());
    for (const auto &header : cantFail(file.getELFFile().program_headers()))
      if (header.p_type == ELF::PT_LOAD) {
        EXPECT_EQ(header.p_align, 2u << 20);
        EXPECT_EQ(header.p_vaddr % (2 << 20), header.p_offset % (2 << 20));
      }
    setenv("MIXBIT_HUGE_PAGES", mode, 1);
    auto library = LoadedLibrary::load(path);
    unsetenv("MIXBIT_HUGE_PAGES");
    ASSERT_TRUE(bool(library)) << toString(library.takeError());
    const mixbit_api &api = (*library)->api();
    mixbit_context *run;
    ASSERT_EQ(api.context_create(&api, 0, 2, &run), MIXBIT_OK);
    float x[] = {1, 2, 3};
    mixbit_tensor tensor = {x, MIXBIT_F32, 1, {3}, nullptr};
    EXPECT_EQ(api.bind_input(run, 0, &tensor), MIXBIT_OK);
    ASSERT_EQ(api.run(run), MIXBIT_OK) << api.last_error(run);
    EXPECT_EQ(api.get_output(run, 0, &tensor), MIXBIT_OK);
    for (int i = 0; i < 3; ++i)
      EXPECT_EQ(static_cast<float *>(tensor.data)[i], 2 * x[i] + 3) << mode;
    api.context_destroy(run);
  }
}

TEST(Link, WeightsAreWhereTheyAreSaidToBe) {
  TestFolder folder;
  auto weights =
      WeightsObject::create(folder / "weights.o", Architecture::X86_64);
  ASSERT_TRUE(bool(weights));
  cantFail((*weights)->write(0, ArrayRef<char>{'a', 'b'}));
  cantFail((*weights)->write(64, ArrayRef<char>{'c'}));
  EXPECT_NE(toString((*weights)->write(10, ArrayRef<char>{'d'})), "");
  cantFail((*weights)->write(3 << 20, ArrayRef<char>{'e'}));
  cantFail((*weights)->finish());
  auto binary = object::ObjectFile::createObjectFile(folder / "weights.o");
  ASSERT_TRUE(bool(binary)) << toString(binary.takeError());
  for (const object::SectionRef &section : binary->getBinary()->sections())
    if (cantFail(section.getName()) == weightsSection) {
      StringRef bytes = cantFail(section.getContents());
      ASSERT_EQ(bytes.size(), (3u << 20) + 1);
      EXPECT_EQ(bytes.take_front(2), "ab");
      EXPECT_EQ(bytes[64], 'c');
      EXPECT_EQ(bytes[1000], 0);
      EXPECT_EQ(bytes.back(), 'e');
    }
  EXPECT_NE(toString(WeightsObject::create(folder / "no/weights.o",
                                           Architecture::X86_64)
                         .takeError()),
            "");
}

/// Cross-compiled libraries run, where there is an emulator.
TEST(Link, AArch64RunsUnderQemu) {
  auto qemu = sys::findProgramByName("qemu-aarch64");
  std::string root = "/usr/aarch64-linux-gnu";
  if (!qemu || !sys::fs::exists(root + "/lib/libc.so.6") ||
      runtimeArchive(Architecture::AArch64).empty())
    GTEST_SKIP() << "needs qemu-user and libc6-dev-arm64-cross";
  TestFolder folder;
  std::string library = folder / "model.so", program = folder / "main";
  ASSERT_EQ(toString(buildLibrary("aarch64-dotprod", testModuleText(),
                                  folder.path, library)),
            "");
  writeFile(folder / "main.c", R"(
#include <dlfcn.h>
#include <mixbit/runtime.h>
#include <stdio.h>
int main(int argc, char **argv) {
  void *library = dlopen(argv[1], RTLD_NOW);
  if (!library) { puts(dlerror()); return 2; }
  const mixbit_api *(*get)(uint32_t) = dlsym(library, "mixbit_get_api");
  const mixbit_api *api = get(MIXBIT_ABI_VERSION);
  mixbit_context *context;
  if (api->context_create(api, 0, 2, &context)) return 3;
  float x[3] = {1, 2, 3};
  mixbit_tensor t = {x, MIXBIT_F32, 1, {3}, 0};
  if (api->bind_input(context, 0, &t) || api->run(context) ||
      api->get_output(context, 0, &t)) {
    puts(api->last_error(context));
    return 4;
  }
  api->context_destroy(context);
  return 0;
})");
  std::string lib = root + "/lib";
  ASSERT_EQ(
      sys::ExecuteAndWait(MIXBIT_TEST_CC,
                          {MIXBIT_TEST_CC, "--target=aarch64-linux-gnu",
                           "-fuse-ld=lld-22", "-isystem", root + "/include",
                           "-I" MIXBIT_TEST_INCLUDE, "-B" + lib, "-L" + lib,
                           "-nostartfiles", "-nodefaultlibs", lib + "/crt1.o",
                           lib + "/crti.o", folder / "main.c", "-o", program,
                           "-lc", lib + "/crtn.o"}),
      0);
  EXPECT_EQ(sys::ExecuteAndWait(*qemu, {*qemu, "-L", root, program, library}),
            0);
}
