//===- LibraryFileTest.cpp - Damaged and foreign libraries ------*- C++ -*-===//
#include "TestModule.h"

#include "lib/target/Loader.h"

#include "llvm/Support/FileSystem.h"
#include "gtest/gtest.h"

#include <random>

using namespace llvm;
using namespace mixbit;

namespace {
class LibraryFileTest : public testing::Test {
protected:
  static void SetUpTestSuite() {
    TestFolder folder;
    StringRef target =
        hostArchitecture() == Architecture::X86_64 ? "x86-64" : "aarch64";
    ASSERT_EQ(toString(buildLibrary(target, testModuleText(), folder.path,
                                    folder / "model.so")),
              "");
    good = readFile(folder / "model.so");
  }
  /// Why these bytes cannot be loaded, without the path.
  std::string reject(StringRef bytes) {
    std::string path = folder / "model.so";
    writeFile(path, bytes);
    auto library = LoadedLibrary::load(path);
    if (library)
      return "";
    StringRef prefix = "model.so: ";
    std::string text = toString(library.takeError());
    size_t at = text.find(prefix);
    EXPECT_NE(at, std::string::npos) << text;
    return at == std::string::npos ? text : text.substr(at + prefix.size());
  }
  TestFolder folder;
  static std::string good;
};
std::string LibraryFileTest::good;

bool contains(const std::string &text, StringRef part) {
  return StringRef(text).contains(part);
}
} // namespace

TEST_F(LibraryFileTest, GoodOnesLoad) { EXPECT_EQ(reject(good), ""); }

TEST_F(LibraryFileTest, NoLibrary) {
  EXPECT_EQ(toString(LoadedLibrary::load(folder / "none.so").takeError()),
            folder / "none.so: cannot be read: No such file or directory");
  EXPECT_TRUE(contains(reject(""), "no ELF file"));
  EXPECT_TRUE(contains(reject("text"), "no ELF file"));
  EXPECT_TRUE(contains(reject(good.substr(0, 20)), "truncated"));
  EXPECT_TRUE(errorToBool(LoadedLibrary::load(folder.path).takeError()));
}

TEST_F(LibraryFileTest, ForeignLibraries) {
  for (const char *path :
       {"/lib/x86_64-linux-gnu/libc.so.6", "/lib/aarch64-linux-gnu/libc.so.6",
        "/proc/self/exe"})
    if (sys::fs::exists(path)) {
      EXPECT_TRUE(contains(reject(readFile(path)), "another ELF file")) << path;
    }
}

TEST_F(LibraryFileTest, EveryTruncationIsRejected) {
  std::mt19937 random(1);
  for (int i = 0; i < 100; ++i) {
    size_t size = random() % good.size();
    std::string message = reject(StringRef(good).take_front(size));
    EXPECT_NE(message, "") << size;
    if (size > 4096) {
      EXPECT_TRUE(contains(message, "truncated")) << message;
    }
  }
  EXPECT_TRUE(contains(reject(good + "x"), "damaged"));
}

TEST_F(LibraryFileTest, EveryChangedBitIsRejected) {
  std::mt19937 random(2);
  for (int i = 0; i < 300; ++i) {
    std::string bad = good;
    // The headers, which are parsed before the hash is known, more often.
    size_t at = random() % (i % 2 ? good.size() : 1024);
    bad[at] ^= char(1 << random() % 8);
    EXPECT_NE(reject(bad), "") << at;
  }
}

TEST_F(LibraryFileTest, OtherArchitecture) {
  bool isX86 = hostArchitecture() == Architecture::X86_64;
  Architecture other = isX86 ? Architecture::AArch64 : Architecture::X86_64;
  if (runtimeArchive(other).empty())
    GTEST_SKIP() << "this build has one architecture";
  ASSERT_EQ(
      toString(buildLibrary(isX86 ? "aarch64" : "x86-64", testModuleText(),
                            folder.path, folder / "other.so")),
      "");
  EXPECT_TRUE(contains(reject(readFile(folder / "other.so")),
                       isX86 ? "expected a library for x86_64, but got one "
                               "for aarch64"
                             : "expected a library for aarch64, but got one "
                               "for x86_64"));
  // It can be described.
  auto info = readLibraryFile(folder / "other.so");
  ASSERT_TRUE(bool(info));
  EXPECT_TRUE(contains(info->metadata, "layers"));
}

TEST_F(LibraryFileTest, OtherAbiVersion) {
  std::string path = folder / "model.so";
  writeFile(path, good);
  ASSERT_EQ(toString(stampLibraryFile(path, hostArchitecture(), 77)), "");
  auto library = LoadedLibrary::load(path);
  EXPECT_TRUE(contains(toString(library.takeError()),
                       "expected ABI version 2, but got 77"));
  auto info = readLibraryFile(path);
  ASSERT_TRUE(bool(info));
  EXPECT_EQ(info->abiVersion, 77u);
}
