//===- FileOutputTest.cpp - Files that appear whole or not at all ---------===//
#include "lib/support/FileOutput.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

#include "gtest/gtest.h"

using namespace mixbit;
namespace fs = llvm::sys::fs;

namespace {

struct FileOutputTest : testing::Test {
  void SetUp() override {
    ASSERT_FALSE(fs::createUniqueDirectory("file-output", folder));
    llvm::SmallString<128> place(folder);
    llvm::sys::path::append(place, "result");
    path = place.str().str();
  }
  void TearDown() override { fs::remove_directories(folder); }

  size_t numFiles() {
    size_t count = 0;
    std::error_code code;
    for (fs::directory_iterator it(folder, code), end; it != end && !code;
         it.increment(code))
      ++count;
    return count;
  }
  std::string content() {
    auto buffer = llvm::MemoryBuffer::getFile(path);
    return buffer ? (*buffer)->getBuffer().str() : "no file";
  }

  llvm::SmallString<128> folder;
  std::string path;
};

TEST_F(FileOutputTest, AppearsWhenKept) {
  auto file = FileOutput::create(path);
  ASSERT_TRUE(bool(file)) << llvm::toString(file.takeError());
  (*file)->os() << "whole";
  EXPECT_EQ(content(), "no file");
  EXPECT_EQ(llvm::toString((*file)->keep()), "");
  file->reset();
  EXPECT_EQ(content(), "whole");
  EXPECT_EQ(numFiles(), 1u);
}

TEST_F(FileOutputTest, LeavesNothingWhenDropped) {
  {
    auto file = FileOutput::create(path);
    ASSERT_TRUE(bool(file)) << llvm::toString(file.takeError());
    (*file)->os() << "half";
  }
  EXPECT_EQ(numFiles(), 0u);
}

TEST_F(FileOutputTest, TheOlderFileStays) {
  {
    auto file = FileOutput::create(path);
    ASSERT_TRUE(bool(file)) << llvm::toString(file.takeError());
    (*file)->os() << "older";
    ASSERT_EQ(llvm::toString((*file)->keep()), "");
  }
  {
    auto file = FileOutput::create(path);
    ASSERT_TRUE(bool(file)) << llvm::toString(file.takeError());
    (*file)->os() << "newer";
  }
  EXPECT_EQ(content(), "older");
  EXPECT_EQ(numFiles(), 1u);
}

TEST_F(FileOutputTest, NamesWhatCannotBeWritten) {
  auto file = FileOutput::create(folder.str().str() + "/none/result");
  ASSERT_FALSE(bool(file));
  std::string text = llvm::toString(file.takeError());
  EXPECT_NE(text.find("none/result: cannot be written: No such file"),
            std::string::npos)
      << text;
  auto itself = FileOutput::create(folder);
  ASSERT_FALSE(bool(itself));
  llvm::consumeError(itself.takeError());
}

TEST_F(FileOutputTest, AFullDiskIsAnError) {
  if (!fs::exists("/dev/full"))
    GTEST_SKIP() << "no /dev/full";
  auto file = FileOutput::create("/dev/full");
  ASSERT_TRUE(bool(file)) << llvm::toString(file.takeError());
  (*file)->os() << std::string(1 << 20, 'x');
  EXPECT_EQ(llvm::toString((*file)->keep()),
            "/dev/full: cannot be written: No space left on device");
  // Dropped with an error in the stream: no crash either.
  auto dropped = FileOutput::create("/dev/full");
  ASSERT_TRUE(bool(dropped)) << llvm::toString(dropped.takeError());
  (*dropped)->os() << std::string(100, 'x');
}

} // namespace
