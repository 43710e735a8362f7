//===- TargetsTest.cpp - The table of targets, and `native` ---------------===//
#include "lib/target/Targets.h"
#include "runtime/CpuFeatures.h"

#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"
#include "gtest/gtest.h"

#include <string>
#include <vector>

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
  auto targets =
      resolveTargets("x86-64, avx512vnni,x86-64-v3,amx,avx512vpopcntdq,"
                     "avxvnni,x86-64,avx512bf16");
  ASSERT_TRUE(bool(targets));
  std::vector<std::string> names;
  for (const Target *target : *targets)
    names.push_back(target->name.str());
  EXPECT_EQ(names, (std::vector<std::string>{
                       "amx", "avx512bf16", "avx512vpopcntdq", "avx512vnni",
                       "avxvnni", "x86-64-v3", "x86-64"}));
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
  // The first row of which the CPU has everything: what a library would choose.
  uint64_t detected = runtime::detectCpuFeatures();
  for (const Target &target : allTargets()) {
    if (target.triple != (*targets)[0]->triple ||
        (target.runtimeFeatures & ~detected) != 0)
      continue;
    EXPECT_EQ((*targets)[0], &target);
    break;
  }
  // What LLVM says about features of the choice, where it knows them.
  auto features = llvm::sys::getHostCPUFeatures();
  llvm::SmallVector<llvm::StringRef> asked;
  (*targets)[0]->features.split(asked, ',', -1, /*KeepEmpty=*/false);
  for (llvm::StringRef feature : asked)
    if (feature.consume_front("+"))
      EXPECT_TRUE(features.lookup(feature)) << feature.str();
}

/// Rows stand before all whose features they have too, so that the first that
/// fits is the best.
TEST(Targets, PreferenceFollowsFeatures) {
  llvm::ArrayRef<Target> all = allTargets();
  for (size_t i = 0; i < all.size(); ++i)
    for (size_t j = i + 1; j < all.size(); ++j)
      if (all[i].triple == all[j].triple && !all[i].isGpu())
        EXPECT_NE(all[i].runtimeFeatures & ~all[j].runtimeFeatures, 0u)
            << all[j].name.str() << " is never chosen";
}

TEST(Targets, OffsetsFollowTheInstruction) {
  EXPECT_EQ(dotCodeOffset(DotIsa::Avx512Vnni, 255), 0);
  EXPECT_EQ(dotCodeOffset(DotIsa::AvxVnni, 255), 0);
  EXPECT_EQ(dotCodeOffset(DotIsa::NeonI8mm, 255), 0);
  EXPECT_EQ(dotCodeOffset(DotIsa::Generic, 255), 0);
  for (DotIsa dot : {DotIsa::Avx2, DotIsa::NeonDot, DotIsa::Nvptx}) {
    EXPECT_EQ(dotCodeOffset(dot, 255), 128);
    EXPECT_EQ(dotCodeOffset(dot, 15), 0);
  }
}
