//===- Translate.cpp - The llvm dialect to LLVM IR ------------------------===//
#include "lib/target/BackendOptions.h"
#include "passes/codegen/Codegen.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"

#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;

namespace mixbit {

std::unique_ptr<llvm::Module> translateKernels(ModuleOp module,
                                               const Target &target,
                                               llvm::LLVMContext &context) {
  DialectRegistry registry;
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  registerNVVMDialectTranslation(registry);
  module.getContext()->appendDialectRegistry(registry);
  std::unique_ptr<llvm::Module> result =
      translateModuleToLLVMIR(module, context);
  if (!result) {
    module.emitError() << "expected a module in the llvm dialect, but got "
                          "operations without a translation";
    return nullptr;
  }
  setBackendOptions(); // for who generates code otherwise than by emitCode
  llvm::InitializeAllTargetInfos();
  llvm::InitializeAllTargets();
  llvm::InitializeAllTargetMCs();
  llvm::Triple triple(target.triple);
  std::string error;
  const llvm::Target *backend =
      llvm::TargetRegistry::lookupTarget(triple, error);
  std::unique_ptr<llvm::TargetMachine> machine(
      backend ? backend->createTargetMachine(
                    triple, target.cpu, target.features, llvm::TargetOptions(),
                    llvm::Reloc::PIC_)
              : nullptr);
  if (!machine) {
    module.emitError() << "expected a code generator for " << target.triple
                       << ", but got: " << error;
    return nullptr;
  }
  result->setTargetTriple(triple);
  result->setDataLayout(machine->createDataLayout());
  for (llvm::Function &function : *result) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", target.cpu);
    if (!target.features.empty())
      function.addFnAttr("target-features", target.features);
    function.addFnAttr(llvm::Attribute::NoUnwind);
    if (target.vectorBits >= 512)
      function.addFnAttr("prefer-vector-width",
                         std::to_string(target.vectorBits));
  }
  return result;
}

} // namespace mixbit
