//===- KernelJit.cpp - Runs kernels in this process -----------------------===//
#include "test/unit/codegen/KernelJit.h"

#include "dialects/mixbit/Mixbit.h"
#include "lib/target/Targets.h"
#include "passes/codegen/Codegen.h"

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"

#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/ExecutionEngine/Orc/ThreadSafeModule.h"
#include "llvm/IR/Module.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

using namespace mlir;

namespace mixbit::test {

struct KernelJit::Implementation {
  std::unique_ptr<llvm::orc::LLJIT> jit;
};

std::vector<std::string> runnableTargets() {
  if (const char *name = std::getenv("MIXBIT_TEST_TARGET"))
    return {name};
  std::vector<std::string> names;
  for (const char *name : {"x86-64", "x86-64-v3", "avx512vnni", "aarch64"})
    if (runsHere(*findTarget(name)))
      names.push_back(name);
  return names;
}

std::string targetTestName(const testing::TestParamInfo<std::string> &info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

/// The one context, with everything registered: registration takes a while.
static MLIRContext &sharedContext() {
  static auto context = [] {
    DialectRegistry registry;
    registerAllDialects(registry);
    registerAllExtensions(registry);
    registry.insert<MixbitDialect>();
    auto result = std::make_unique<MLIRContext>(registry);
    result->disableMultithreading();
    // Remarks about slow paths are expected here.
    result->getDiagEngine().registerHandler([](Diagnostic &diagnostic) {
      return success(diagnostic.getSeverity() == DiagnosticSeverity::Remark);
    });
    return result;
  }();
  return *context;
}

KernelJit::KernelJit(const std::string &kernels, const std::string &target)
    : implementation(std::make_unique<Implementation>()), target(target) {
  compile(kernels);
}

void KernelJit::compile(const std::string &kernels) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  MLIRContext &context = sharedContext();
  auto module = parseSourceString<ModuleOp>(
      "module attributes {mixbit.target = #mixbit.target<\"" + target +
          "\">} {\n" + kernels + "\n}",
      &context);
  ASSERT_TRUE(module);
  PassManager pm(&context);
  buildCodegenPipeline(pm);
  ASSERT_TRUE(succeeded(pm.run(*module)));
  auto llvmContext = std::make_unique<llvm::LLVMContext>();
  const Target &row = *findTarget(target);
  std::unique_ptr<llvm::Module> code =
      translateKernels(*module, row, *llvmContext);
  ASSERT_TRUE(code);
  for (llvm::Function &function : *code)
    function.setVisibility(llvm::GlobalValue::DefaultVisibility);

  llvm::orc::JITTargetMachineBuilder builder{llvm::Triple(row.triple)};
  builder.setCPU(row.cpu.str());
  builder.setCodeGenOptLevel(llvm::CodeGenOptLevel::Aggressive);
  auto machine = llvm::cantFail(builder.createTargetMachine());
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager sccs;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder passes(machine.get());
  passes.registerModuleAnalyses(modules);
  passes.registerCGSCCAnalyses(sccs);
  passes.registerFunctionAnalyses(functions);
  passes.registerLoopAnalyses(loops);
  passes.crossRegisterProxies(loops, functions, sccs, modules);
  passes.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2)
      .run(*code, modules);

  auto jit = llvm::orc::LLJITBuilder()
                 .setJITTargetMachineBuilder(std::move(builder))
                 .create();
  ASSERT_TRUE(bool(jit)) << llvm::toString(jit.takeError());
  implementation->jit = std::move(*jit);
  llvm::cantFail(implementation->jit->addIRModule(
      llvm::orc::ThreadSafeModule(std::move(code), std::move(llvmContext))));
  isValid = true;
}

KernelJit::~KernelJit() = default;

mxb_error KernelJit::run(const std::string &kernel, Arguments arguments,
                         int64_t part) {
  mxb_error error = {};
  const Target &row = *findTarget(target);
  auto &jit = *implementation->jit;
  auto body = jit.lookup(mangleKernel(kernel, row));
  auto extent = jit.lookup(mangleKernel(kernel + ".extent", row));
  if (!body || !extent) {
    ADD_FAILURE() << (body ? "" : llvm::toString(body.takeError()))
                  << (extent ? "" : llvm::toString(extent.takeError()));
    return error;
  }
  arguments.words[0] = reinterpret_cast<int64_t>(&error);
  mxb_extent space = extent->toPtr<mxb_kernel_extent>()(arguments.words.data());
  int64_t lines = (space.scratch_bytes + 63) / 64;
  char *scratch = static_cast<char *>(std::aligned_alloc(64, (lines + 1) * 64));
  for (int64_t i = 0; i < (lines + 1) * 64; ++i)
    scratch[i] = char(0xa5); // never zero by luck
  part = part ? part : std::max<int64_t>(space.size, 1);
  for (int64_t begin = 0; begin < space.size; begin += part)
    body->toPtr<mxb_kernel_body>()(arguments.words.data(), begin,
                                   std::min(begin + part, space.size), scratch);
  for (int64_t i = lines * 64; i < (lines + 1) * 64; ++i)
    EXPECT_EQ(scratch[i], char(0xa5)) << "written beyond the scratch";
  std::free(scratch);
  return error;
}

} // namespace mixbit::test
