//===- KernelHarness.cpp - Compiles kernels in this process ---------------===//
#include "test/unit/codegen/KernelHarness.h"
#include "lib/quant/Halves.h"

#include "dialects/mixbit/Mixbit.h"
#include "passes/codegen/Codegen.h"
#include "passes/codegen/KernelBuilder.h"
#include "passes/codegen/Passes.h"
#include "test/unit/codegen/AmxEmulator.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"

#include <cstdlib>
#include <cstring>
#include <random>

using namespace llvm;

namespace mixbit {

/// The context in which everything is registered, made once.
static mlir::MLIRContext &context() {
  static mlir::MLIRContext *instance = [] {
    InitializeAllTargetInfos();
    InitializeAllTargets();
    InitializeAllTargetMCs();
    InitializeAllAsmPrinters();
    InitializeAllAsmParsers();
    mlir::DialectRegistry registry;
    mlir::registerAllDialects(registry);
    mlir::registerAllExtensions(registry);
    registry.insert<MixbitDialect>();
    return new mlir::MLIRContext(registry);
  }();
  return *instance;
}

static Expected<std::unique_ptr<TargetMachine>>
makeMachine(const Target &target) {
  std::string error;
  Triple triple(target.triple);
  const llvm::Target *found = TargetRegistry::lookupTarget(triple, error);
  if (!found)
    return createStringError(error);
  TargetOptions options;
  options.MCOptions.AsmVerbose = true; // marks spills
  return std::unique_ptr<TargetMachine>(found->createTargetMachine(
      triple, target.cpu, target.features, options, Reloc::PIC_, std::nullopt,
      CodeGenOptLevel::Aggressive));
}

/// Codegen's passes, down to LLVM IR as `machine` optimizes it. The tiles are
/// those of `target`, the code `codeTarget`'s.
static Expected<std::unique_ptr<Module>>
toLlvm(const std::string &text, const Target &target, const Target &codeTarget,
       TargetMachine &machine, LLVMContext &llvmContext) {
  mlir::MLIRContext &mlirContext = context();
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &mlirContext);
  if (!module)
    return createStringError("the kernel does not parse");
  (*module)->setAttr(kTargetAttr, TargetAttr::get(&mlirContext, target.name));
  mlir::PassManager manager(&mlirContext);
  manager.addPass(createExpandContract());
  manager.addPass(createExpandAttention());
  LowerDotOptions dotOptions;
  dotOptions.emulate = target.dot != codeTarget.dot ||
                       (target.hasBf16Products && !codeTarget.hasBf16Products);
  manager.addPass(createLowerDot(dotOptions));
  buildKernelLoweringPipeline(manager);
  if (failed(manager.run(*module)))
    return createStringError("codegen failed");
  std::unique_ptr<Module> result =
      translateKernels(*module, codeTarget, llvmContext);
  if (!result)
    return createStringError("no LLVM IR");

  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager sccs;
  ModuleAnalysisManager modules;
  PipelineTuningOptions options;
  options.LoopVectorization = options.SLPVectorization = false;
  PassBuilder builder(&machine, options);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(sccs);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, sccs, modules);
  builder.buildPerModuleDefaultPipeline(OptimizationLevel::O2)
      .run(*result, modules);
  return result;
}

JitKernel::JitKernel() = default;
JitKernel::JitKernel(JitKernel &&) = default;
JitKernel::~JitKernel() = default;

Expected<JitKernel> JitKernel::compile(const std::string &text,
                                       const Target &target, bool emulate) {
  context();
  // Emulated tiles are compiled for the best that this machine has.
  const Target *codeTarget = &target;
  Target withTiles;
  std::string withTileFeatures;
  if (emulate) {
    auto native = resolveTargets("native");
    if (!native)
      return native.takeError();
    codeTarget = native->front();
    // Tile instructions are emulated one by one.
    if (target.hasTiles && !codeTarget->hasTiles) {
      if (!emulateAmx())
        return createStringError("tiles are emulated on x86-64 only");
      withTileFeatures =
          (codeTarget->features + ",+amx-tile,+amx-int8,+amx-bf16").str();
      withTiles = *codeTarget;
      withTiles.features = withTileFeatures;
      codeTarget = &withTiles;
    }
  }
  auto machine = makeMachine(*codeTarget);
  if (!machine)
    return machine.takeError();
  auto llvmContext = std::make_unique<LLVMContext>();
  auto module = toLlvm(text, target, *codeTarget, **machine, *llvmContext);
  if (!module)
    return module.takeError();

  orc::JITTargetMachineBuilder machineBuilder((*machine)->getTargetTriple());
  machineBuilder.setCPU(codeTarget->cpu.str());
  SmallVector<StringRef> features;
  codeTarget->features.split(features, ',', -1, false);
  machineBuilder.addFeatures(
      std::vector<std::string>(features.begin(), features.end()));
  machineBuilder.setCodeGenOptLevel(CodeGenOptLevel::Aggressive);
  auto jit = orc::LLJITBuilder()
                 .setJITTargetMachineBuilder(std::move(machineBuilder))
                 .create();
  if (!jit)
    return jit.takeError();
  if (Error error = (*jit)->addIRModule(
          orc::ThreadSafeModule(std::move(*module), std::move(llvmContext))))
    return std::move(error);
  auto body = (*jit)->lookup("k"), extent = (*jit)->lookup("k.extent");
  if (!body)
    return body.takeError();
  if (!extent)
    return extent.takeError();
  JitKernel result;
  result.jit = std::move(*jit);
  result.kernel.body = body->toPtr<mxb_kernel_body>();
  result.kernel.extent = extent->toPtr<mxb_kernel_extent>();
  return result;
}

void JitKernel::run(const std::vector<int64_t> &args, int parts) const {
  mxb_extent extent = kernel.extent(args.data());
  // What lies in scratch before must not matter.
  size_t bytes = alignTo(extent.scratch_bytes + 1, 64);
  void *scratch = std::aligned_alloc(64, bytes);
  std::memset(scratch, 0xb5, bytes);
  for (int part = 0; part < parts; ++part)
    kernel.body(args.data(), extent.size * part / parts,
                extent.size * (part + 1) / parts, scratch);
  std::free(scratch);
}

void JitKernel::runPart(const std::vector<int64_t> &args, int part,
                        int parts) const {
  mxb_extent extent = kernel.extent(args.data());
  void *scratch = std::aligned_alloc(64, alignTo(extent.scratch_bytes + 1, 64));
  kernel.body(args.data(), extent.size * part / parts,
              extent.size * (part + 1) / parts, scratch);
  std::free(scratch);
}

Expected<std::string> compileToAssembly(const std::string &text,
                                        const Target &target) {
  context();
  auto machine = makeMachine(target);
  if (!machine)
    return machine.takeError();
  LLVMContext llvmContext;
  auto module = toLlvm(text, target, target, **machine, llvmContext);
  if (!module)
    return module.takeError();
  SmallString<0> assembly;
  raw_svector_ostream stream(assembly);
  legacy::PassManager passes;
  if ((*machine)->addPassesToEmitFile(passes, stream, nullptr,
                                      CodeGenFileType::AssemblyFile))
    return createStringError("no assembly for this target");
  passes.run(**module);
  return std::string(assembly);
}

//===----------------------------------------------------------------------===//
// Problems
//===----------------------------------------------------------------------===//

ContractProblem ContractProblem::make(int64_t m, int64_t n, int64_t k,
                                      int64_t ka, const Format &format,
                                      unsigned seed, Density density,
                                      unsigned dataBits) {
  ContractProblem p;
  p.m = m, p.n = n, p.k = k, p.ka = ka, p.format = format;
  p.dataBits = dataBits;
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  auto fill = [&](std::vector<float> &values, int64_t size, float scale) {
    values.resize(size);
    for (float &value : values)
      value = normal(random) * scale;
  };
  fill(p.floatWeights, n * k, 0.05f);
  fill(p.floatData, m * ka, 1.0f);
  fill(p.bias, n, 0.1f);
  FloatMatrix matrix{p.floatWeights.data(), FloatKind::F32, n, k};
  PackedLayout layout = p.layout = layoutFor(format, density, dataBits);
  if (format.isFloat() && format.bits == 16) {
    // What is left of the weights is what the reference multiplies.
    for (float &value : p.floatWeights)
      value = roundToFloat(value, format.scale);
    std::vector<uint16_t> halves(layout.bytes(n, k) / 2);
    packHalves(matrix, layout, format.scale, halves);
    p.packed.resize(layout.bytes(n, k));
    std::memcpy(p.packed.data(), halves.data(), p.packed.size());
    return p;
  }
  if (format.isFloat()) {
    p.packedFloats.resize(layout.bytes(n, k) / 4);
    packFloats(matrix, layout, p.packedFloats);
    return p;
  }
  p.weights = cantFail(roundToNearest(matrix, format));
  p.packed.resize(layout.bytes(n, k));
  packCodes(p.weights, layout, p.packed);
  p.scales.resize(layout.scaleCount(format, n, k) * floatBytes(format.scale));
  packScales(p.weights, layout, p.scales);
  if (format.hasZero()) {
    p.zeros.resize(layout.scaleCount(format, n, k));
    packZeros(p.weights, layout, p.zeros);
  }
  std::vector<float> tight(m * k);
  for (int64_t i = 0; i < m; ++i)
    std::copy_n(&p.floatData[i * ka], k, &tight[i * k]);
  p.data = quantizeActivations(tight, m, k, dataBits);
  // Extremes, so that overflow would show.
  int8_t largest = dataBits == 1 ? 1 : (1 << (dataBits - 1)) - 1;
  if (m > 1)
    for (int64_t i = 0; i < k; ++i)
      p.data.codes[k + i] = i % 2 || m == 2 ? largest : -largest;
  if (m > 2)
    std::fill_n(&p.data.codes[2 * k], k, -largest);
  p.rows.assign(m * ka, 0);
  for (int64_t i = 0; i < m; ++i)
    std::copy_n(&p.data.codes[i * k], k, &p.rows[i * ka]);
  return p;
}

static std::string scaleText(const Format &format) {
  return format.scale == FloatKind::F32   ? "f32"
         : format.scale == FloatKind::F16 ? "f16"
                                          : "bf16";
}

static std::string formatText(const Format &format) {
  std::string group = "group = [" + std::to_string(format.groupRows) + ", " +
                      std::to_string(format.groupCols) +
                      "], scale = " + scaleText(format);
  switch (format.kind) {
  case FormatKind::Float:
    return format.scale == FloatKind::F32   ? "f32"
           : format.scale == FloatKind::F16 ? "f16"
                                            : "bf16";
  case FormatKind::Int:
    return "!mixbit.int<" + std::to_string(format.bits) + ", " + group +
           (format.hasZero() ? ", zero = i8>" : ">");
  case FormatKind::Ternary:
    return "!mixbit.ternary<" + group + ">";
  case FormatKind::Binary:
    return "!mixbit.binary<" + group + ">";
  }
  return "";
}

void ContractProblem::reachFullRange() {
  fullRange = true;
  for (int64_t row = 0; row != m; ++row)
    for (int64_t col = row % 3; col < k; col += 3)
      data.codes[row * k + col] = rows[row * ka + col] = -128;
}

std::string ContractProblem::text(const std::string &epilogue,
                                  const std::string &name) const {
  auto number = [](int64_t value) { return std::to_string(value); };
  bool isFloat = format.isFloat();
  std::string a = "memref<?x" + number(ka) + (isFloat ? "xf32>" : "xi8>");
  std::string w = !packedFloats.empty()
                      ? "memref<" + number(packedFloats.size()) + "xf32>"
                      : "memref<" + number(packed.size()) + "xi8>";
  std::string scaleShape = number(layout.panels(n)) + "x" +
                           number(isFloat ? 1 : format.colGroups(k)) + "x" +
                           number(layout.panel);
  std::string ws = "memref<" + scaleShape + "x" + scaleText(format) + ">";
  std::string wz = "memref<" + scaleShape + "xi8>";
  std::string bias = "memref<" + number(n) + "xf32>";
  std::string out = "memref<?x" + number(n) + "xf32>";
  std::string s = "mixbit.kernel @" + name + "(%a: " + a;
  if (!isFloat)
    s += ", %as: memref<?xf32>";
  s += ", %w: " + w;
  if (!isFloat)
    s += ", %ws: " + ws;
  if (!zeros.empty())
    s += ", %wz: " + wz;
  s += ", %bias: " + bias + ", %out: " + out + ") {\n  mixbit.contract ";
  s += isFloat ? "a(%a : " + a + ")" : "a(%a, %as : " + a + ", memref<?xf32>)";
  s += " w(%w" + std::string(isFloat ? "" : ", %ws") +
       (zeros.empty() ? "" : " zeros %wz") + " : " + w +
       (isFloat ? "" : ", " + ws) + (zeros.empty() ? "" : " zeros " + wz) + ")";
  s += " extras(%bias : " + bias + ") outs(%out : " + out + ")";
  s += " maps [affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>]";
  s += " format " + formatText(format) + " shape [" + number(n) + ", " +
       number(k) + "] layout <panel = " + number(layout.panel) +
       ", block = " + number(layout.block) +
       ", inner = " + number(layout.inner) + ", bits = " + number(layout.bits) +
       (layout.trits ? ", trits = true" : "") + ">" +
       (layout.isBitPlanes()
            ? " attributes {a_bits = " + number(dataBits) + " : i64}"
            : "") +
       (fullRange ? " attributes {full_range}" : "") + " {\n";
  s += "  ^bb0(%acc: f32, %b: f32):\n";
  s += epilogue.empty() ? "    %y = arith.addf %acc, %b : f32\n" : epilogue;
  s += "    mixbit.yield %y : f32\n  }\n}\n";
  return s;
}

std::vector<int64_t> ContractProblem::args(std::vector<float> &out) const {
  auto address = [](const auto &values) {
    return int64_t(reinterpret_cast<intptr_t>(values.data()));
  };
  std::vector<int64_t> words{0};
  if (format.isFloat()) {
    words.insert(words.end(),
                 {address(floatData), m,
                  packed.empty() ? address(packedFloats) : address(packed)});
  } else {
    words.insert(words.end(), {address(rows), m, address(data.scales), m,
                               address(packed), address(scales)});
    if (!zeros.empty())
      words.push_back(address(zeros));
  }
  words.insert(words.end(), {address(bias), address(out), m});
  return words;
}

std::vector<float> ContractProblem::reference() const {
  if (!format.isFloat())
    return referenceLinear(data, weights, bias);
  std::vector<float> tight(m * k);
  for (int64_t i = 0; i < m; ++i)
    std::copy_n(&floatData[i * ka], k, &tight[i * k]);
  FloatMatrix matrix{floatWeights.data(), FloatKind::F32, n, k};
  return referenceLinear(tight, m, matrix, bias);
}

template <typename T>
static void cArray(raw_ostream &os, const char *type, const std::string &name,
                   const std::vector<T> &values) {
  os << "static " << type << " " << name
     << "[] __attribute__((aligned(64))) = {";
  for (T value : values)
    if constexpr (std::is_floating_point_v<T>)
      os << format_hex(bit_cast<uint32_t>(value), 10) << ",";
    else
      os << int64_t(value) << ",";
  os << "0};\n";
}

std::string ContractProblem::cSource(const std::string &name) const {
  std::string text;
  raw_string_ostream os(text);
  std::string words = "0";
  auto add = [&](const char *type, const char *part, const auto &values,
                 bool dynamic) {
    std::string array = name + "_" + part;
    cArray(os, type, array, values);
    words += ", (int64_t)" + array;
    if (dynamic)
      words += ", " + std::to_string(m);
  };
  // Floats are given by their bits.
  if (format.isFloat()) {
    add("uint32_t", "a", floatData, true);
    if (packed.empty())
      add("uint32_t", "w", packedFloats, false);
    else
      add("uint8_t", "w", packed, false);
  } else {
    add("int8_t", "a", rows, true);
    add("uint32_t", "as", data.scales, true);
    add("uint8_t", "w", packed, false);
    add("uint8_t", "ws", scales, false);
    if (!zeros.empty())
      add("uint8_t", "wz", zeros, false);
  }
  add("uint32_t", "bias", bias, false);
  add("uint32_t", "out", std::vector<float>(m * n), true);
  cArray(os, "uint32_t", name + "_expected", reference());
  os << "static void " << name << "_fill(int64_t *args) {\n"
     << "  int64_t words[] = {" << words << "};\n"
     << "  memcpy(args, words, sizeof(words));\n}\n";
  return text;
}

} // namespace mixbit
