//===- CodeObject.cpp - LLVM IR to machine code ---------------------------===//
#include "lib/target/CodeObject.h"
#include "lib/target/BackendOptions.h"

#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"

using namespace llvm;

namespace mixbit {

static void initializeTargets() {
  static bool done = [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeX86AsmParser();
    LLVMInitializeAArch64TargetInfo();
    LLVMInitializeAArch64Target();
    LLVMInitializeAArch64TargetMC();
    LLVMInitializeAArch64AsmPrinter();
    LLVMInitializeAArch64AsmParser();
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
    return true;
  }();
  (void)done;
}

Expected<std::unique_ptr<TargetMachine>>
createTargetMachine(const Target &target) {
  initializeTargets();
  setBackendOptions();
  std::string message;
  Triple triple(target.triple);
  const llvm::Target *backend = TargetRegistry::lookupTarget(triple, message);
  if (!backend)
    return createStringError("target '" + target.name +
                             "': expected an LLVM that has it: " + message);
  TargetOptions options;
  options.FunctionSections = options.DataSections = true;
  options.UniqueSectionNames = true;
  std::unique_ptr<TargetMachine> machine(backend->createTargetMachine(
      triple, target.cpu, target.features, options, Reloc::PIC_,
      CodeModel::Small, CodeGenOptLevel::Aggressive));
  if (!machine)
    return createStringError("target '" + target.name +
                             "': expected an LLVM that has it");
  return machine;
}

/// What an intrinsic needs, by the beginning of its name. The first that fits
/// counts; the empty feature is what the architecture always has. One of the
/// features separated by '|' is enough.
static constexpr struct {
  StringLiteral prefix, feature;
} requirements[] = {{"llvm.x86.avx512.vpdpbusd.512", "+avx512vnni"},
                    {"llvm.x86.avx512.vpdpwssd.512", "+avx512vnni"},
                    {"llvm.x86.avx512.vpdp", "+avx512vnni|+avxvnni"},
                    {"llvm.x86.avx512bf16.", "+avx512bf16"},
                    {"llvm.x86.avx512.vpermi2var.qi", "+avx512vbmi"},
                    {"llvm.x86.avx512.permvar.qi", "+avx512vbmi"},
                    {"llvm.x86.avx512.psad", "+avx512bw"},
                    {"llvm.x86.avx512.pmaddubs", "+avx512bw"},
                    {"llvm.x86.avx512.pmaddw", "+avx512bw"},
                    {"llvm.x86.avx512.", "+avx512f"},
                    {"llvm.x86.tdpbf16", "+amx-bf16"},
                    {"llvm.x86.tdp", "+amx-int8"},
                    {"llvm.x86.tile", "+amx-tile"},
                    {"llvm.x86.ldtilecfg", "+amx-tile"},
                    {"llvm.x86.avx2.vpdp", "+avxvnni"},
                    {"llvm.x86.avx2.", "+avx2"},
                    {"llvm.x86.avx.", "+avx"},
                    {"llvm.x86.fma", "+fma"},
                    {"llvm.x86.vcvtp", "+f16c"},
                    {"llvm.x86.bmi.", "+bmi2"},
                    {"llvm.x86.sse42.", "+sse4.2"},
                    {"llvm.x86.sse41.", "+sse4.1"},
                    {"llvm.x86.ssse3.", "+ssse3"},
                    {"llvm.x86.sse3.", "+sse3"},
                    {"llvm.x86.", ""},
                    {"llvm.aarch64.neon.sdot", "+dotprod"},
                    {"llvm.aarch64.neon.udot", "+dotprod"},
                    {"llvm.aarch64.neon.smmla", "+i8mm"},
                    {"llvm.aarch64.neon.ummla", "+i8mm"},
                    {"llvm.aarch64.neon.usmmla", "+i8mm"},
                    {"llvm.aarch64.neon.usdot", "+i8mm"},
                    {"llvm.aarch64.sve.", "+sve"},
                    {"llvm.aarch64.sme.", "+sme"},
                    {"llvm.aarch64.", ""},
                    {"llvm.nvvm.", ""}};

/// The architecture in the name of an intrinsic.
static bool isOfArchitecture(StringRef intrinsic, const Triple &triple) {
  if (intrinsic.starts_with("llvm.x86."))
    return triple.isX86();
  if (intrinsic.starts_with("llvm.aarch64."))
    return triple.isAArch64();
  if (intrinsic.starts_with("llvm.nvvm."))
    return triple.isNVPTX();
  return true;
}

static Error checkIntrinsics(const Module &module, const Target &target,
                             const TargetMachine &machine) {
  for (const Function &function : module) {
    StringRef name = function.getName();
    if (!function.isIntrinsic() || function.use_empty())
      continue;
    auto fail = [&](const Twine &missing) {
      return createStringError("target '" + target.name + "': expected " +
                               missing + " for '" + name +
                               "', but the target has it not");
    };
    if (!isOfArchitecture(name, machine.getTargetTriple()))
      return fail("its architecture");
    for (const auto &requirement : requirements)
      if (name.starts_with(requirement.prefix)) {
        SmallVector<StringRef> features;
        requirement.feature.split(features, '|');
        if (!requirement.feature.empty() &&
            none_of(features, [&](StringRef feature) {
              return machine.getMCSubtargetInfo()->checkFeatures(feature.str());
            }))
          return fail("feature '" + features.front().drop_front() + "'");
        break;
      }
  }
  return Error::success();
}

static Error verify(Module &module, const Target &target) {
  std::string message;
  raw_string_ostream os(message);
  if (verifyModule(module, &os))
    return createStringError("target '" + target.name +
                             "': expected valid LLVM IR, but got: " + message);
  return Error::success();
}

Error setTarget(Module &module, const Target &target) {
  auto machine = createTargetMachine(target);
  if (!machine)
    return machine.takeError();
  module.setTargetTriple((*machine)->getTargetTriple());
  module.setDataLayout((*machine)->createDataLayout());
  return Error::success();
}

Error optimizeModule(Module &module, const Target &target) {
  if (Error error = setTarget(module, target))
    return error;
  if (Error error = verify(module, target))
    return error;
  auto machine = createTargetMachine(target);
  if (!machine)
    return machine.takeError();
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager sccs;
  ModuleAnalysisManager modules;
  PassBuilder builder(machine->get());
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(sccs);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, sccs, modules);
  builder.buildPerModuleDefaultPipeline(OptimizationLevel::O3)
      .run(module, modules);
  return Error::success();
}

Error emitCode(Module &module, const Target &target, CodeFileType kind,
               SmallVectorImpl<char> &code) {
  if (kind == CodeFileType::Object && target.isGpu())
    return createStringError("target '" + target.name +
                             "': expected a CPU for an object file");
  if (Error error = setTarget(module, target))
    return error;
  if (Error error = verify(module, target))
    return error;
  auto machine = createTargetMachine(target);
  if (!machine)
    return machine.takeError();
  if (Error error = checkIntrinsics(module, target, **machine))
    return error;

  // Errors of the code generator arrive as diagnostics of the context.
  LLVMContext &context = module.getContext();
  std::string errors;
  auto before = context.getDiagnosticHandlerCallBack();
  void *beforeData = context.getDiagnosticContext();
  context.setDiagnosticHandlerCallBack(
      [](const DiagnosticInfo *info, void *errors) {
        if (info->getSeverity() != DS_Error)
          return;
        raw_string_ostream os(*static_cast<std::string *>(errors));
        DiagnosticPrinterRawOStream printer(os);
        info->print(printer);
        os << "\n";
      },
      &errors);
  raw_svector_ostream os(code);
  legacy::PassManager passes;
  bool isUnsupported = (*machine)->addPassesToEmitFile(
      passes, os, nullptr,
      kind == CodeFileType::Object ? CodeGenFileType::ObjectFile
                                   : CodeGenFileType::AssemblyFile);
  if (!isUnsupported)
    passes.run(module);
  context.setDiagnosticHandlerCallBack(before, beforeData);
  if (isUnsupported)
    return createStringError("target '" + target.name +
                             "': expected a code generator for this kind");
  if (!errors.empty())
    return createStringError("target '" + target.name + "': " + errors);
  return Error::success();
}

} // namespace mixbit
