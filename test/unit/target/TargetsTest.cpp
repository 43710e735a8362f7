//===- TargetsTest.cpp - The table of targets, and `native` ---------------===//
#include "lib/target/Targets.h"

#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"
#include "gtest/gtest.h"

using namespace mixbit;

static std::string errorOf(llvm::StringRef list) {
  auto targets = resolveTargets(list);
  return targets ? "" : llvm::toString(targets.takeError());
}

TEST(Targets, NamesAreUniqueAndFound) {
  for (const Target &target : allTargets())
    EXPECT_EQ(findTarget(target.name), &target);
  EXPECT_EQ(findTarget("native"), nullptr);
  EXPECT_EQ(findTarget("x86-64-v9"), nullptr);
}

TEST(Targets, ListsAreOrderedByPreferenceWithoutRepetition) {
  auto targets = resolveTargets("x86-64, avx512vnni,x86-64-v3,x86-64");
  ASSERT_TRUE(bool(targets));
  ASSERT_EQ(targets->size(), 3u);
  EXPECT_EQ((*targets)[0]->name, "avx512vnni");
  EXPECT_EQ((*targets)[1]->name, "x86-64-v3");
  EXPECT_EQ((*targets)[2]->name, "x86-64");
}

TEST(Targets, ErrorsNameWhatIsWrong) {
  EXPECT_NE(errorOf("pentium").find("but got 'pentium'"), std::string::npos);
  EXPECT_NE(errorOf("").find("but got ''"), std::string::npos);
  EXPECT_NE(errorOf("x86-64,aarch64").find("one architecture"),
            std::string::npos);
}

TEST(Targets, NativeFitsThisMachine) {
  auto targets = resolveTargets("native");
  ASSERT_TRUE(bool(targets)) << llvm::toString(targets.takeError());
  ASSERT_EQ(targets->size(), 1u);
  llvm::Triple host(llvm::sys::getDefaultTargetTriple());
  EXPECT_EQ(llvm::Triple((*targets)[0]->triple).getArch(), host.getArch());
  // Everything that the row above it asks for and this machine has would have
  // made that row the choice.
  auto features = llvm::sys::getHostCPUFeatures();
  if (features.lookup("avx512vnni") && features.lookup("avx512bw"))
    EXPECT_EQ((*targets)[0]->name, "avx512vnni");
  else if (features.lookup("avx2") && features.lookup("fma"))
    EXPECT_EQ((*targets)[0]->name, "x86-64-v3");
}

TEST(Targets, OffsetsFollowTheInstruction) {
  EXPECT_EQ(dotCodeOffset(DotIsa::Avx512Vnni, 255), 0);
  EXPECT_EQ(dotCodeOffset(DotIsa::Generic, 255), 0);
  for (DotIsa dot : {DotIsa::Avx2, DotIsa::NeonDot, DotIsa::Nvptx}) {
    EXPECT_EQ(dotCodeOffset(dot, 255), 128);
    EXPECT_EQ(dotCodeOffset(dot, 15), 0);
  }
}
