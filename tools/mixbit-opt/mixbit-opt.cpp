//===- mixbit-opt.cpp - Runs our passes on textual IR ---------------------===//
#include "dialects/check/Check.h"
#include "dialects/mixbit/Mixbit.h"
#include "dialects/onnx/Onnx.h"
#include "passes/codegen/Passes.h"
#include "passes/kernelize/Passes.h"
#include "passes/quantize/Passes.h"
#include "passes/sensitivity/Passes.h"
#include "passes/simplify/Passes.h"

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  mlir::registerAllPasses();
  registry.insert<mixbit::MixbitDialect, mixbit::onnx::OnnxDialect,
                  mixbit::check::CheckDialect>();
  mixbit::registerKernelizePasses();
  mixbit::registerQuantizePasses();
  mixbit::registerSensitivityPasses();
  mixbit::registerCodegenPasses();
  mixbit::registerCodegenPipelines();
  mixbit::registerSimplifyPasses();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "Mixbit's optimizer driver\n", registry));
}
