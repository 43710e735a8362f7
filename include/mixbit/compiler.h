//===- mixbit/compiler.h - The C++ entry point of the compiler --*- C++ -*-===//
//
// What `mixbit compile` calls: ONNX files in, one shared library (or any
// intermediate form) out. Options are plain data that name formats and targets
// as the command line does, so that this header needs no header of MLIR.
//
//===----------------------------------------------------------------------===//
#ifndef MIXBIT_COMPILER_H
#define MIXBIT_COMPILER_H

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace mixbit {

struct AllocationContext;
struct RoundingImprovement;

/// The form in which compilation ends.
enum class Emit {
  SharedLibrary, ///< so: the library with its runtime
  Object,        ///< obj: relocatable, without the runtime
  CHeader,       ///< c-header: names of entries, inputs, outputs, symbols
  OnnxIr,        ///< onnx-ir: as imported
  GraphIr,       ///< graph-ir: after simplify and quantize
  KernelIr,      ///< kernel-ir: after kernelize
  Llvm,          ///< llvm: LLVM IR of every module
  Assembly,      ///< asm: of every module for a CPU
  Ptx            ///< ptx: of every module for an NVIDIA GPU
};

/// One form of the text after the other, all on one stream; the rest are
/// binary and need a file.
inline bool isTextual(Emit emit) {
  return emit != Emit::SharedLibrary && emit != Emit::Object;
}

struct CompileOptions {
  /// ONNX files, one entry point each. Equal initializers are stored once.
  std::vector<std::string> models;

  /// Where the result goes; "-" is standard output, for textual forms. A file
  /// is written beside its place and renamed: there is all of it, or none.
  std::string output;
  Emit emit = Emit::SharedLibrary;

  /// Format of weights: fp32, int8, int4, int3, int2, ternary, binary, auto;
  /// or several for the rows of each matrix, such as int8@10%+int4.
  std::string weights = "int8";
  /// Rows and columns that share a scale; 0 is the whole extent, -1 what fits
  /// the format (1x0 at 8 bits, 1x128 below).
  int64_t groupRows = -1;
  int64_t groupColumns = -1;
  /// Integer weights get a zero point beside each scale.
  bool asymmetric = false;
  /// Type of scales: fp32, fp16, bf16; empty for fp16 where weights of fewer
  /// than 8 bits share scales in groups, fp32 where each row has one.
  std::string scale;
  /// How codes are packed for kernels: dense (as many bits as the format has,
  /// ternary five to a byte) or planes (of 1, 2, 4 or 8 bits: larger, cheaper
  /// to expand). GPU targets have planes only.
  std::string packing = "dense";
  /// Format of activations: fp32; int8 to int1, one scale a token, found as the
  /// model runs; or int8-static to int1-static, one scale a tensor, found on
  /// the calibration data.
  std::string activations = "int8";
  /// Products of attention: auto (8 bits on targets where that is faster, if
  /// weights and activations are quantized), fp32, int8.
  std::string attention = "auto";
  /// Whether outliers of activations are moved into weights, on the calibration
  /// data: "auto" (each layer by the error of its output), "off", or the
  /// exponent alpha of all layers, between 0 and 1. Empty: auto with static
  /// activations, else off.
  std::string smooth;
  /// (pattern, format): initializers or nodes whose name matches the pattern
  /// (* and ? as in a shell) keep that format. The last match counts.
  std::vector<std::pair<std::string, std::string>> keep;

  /// Runs leave out the positions at the end of a sequence that the attention
  /// mask hides in every sample of a batch. An error for models where that
  /// would change the positions that are kept.
  bool trimPadding = false;
  /// What linear layers compute is an output of the library too, named by the
  /// layer's weight: to compare libraries layer by layer, not for speed.
  bool exposeLayers = false;

  /// Data that weights are rounded on: FILE.npz or NAME:WEIGHT=FILE.npz each,
  /// with arrays named as the model's inputs, the first axis the sample. None:
  /// weights are rounded by themselves.
  std::vector<std::string> calibration;
  /// Weights are rounded on so many varied copies of each sample too: some of
  /// the ids that are looked up in a table are random rows of it.
  int64_t variedCopies = 0;
  /// Improves weights when calibration has rounded them, every eighth sample
  /// held out, if set; made by compileReconstructed (lib/auto), not owned.
  RoundingImprovement *improvement = nullptr;

  /// With weights "auto", what the formats are chosen under: 3.2bits (a weight
  /// of the linear layers, scales counted), 30% (of the fp32 bytes), 12MB (of
  /// the file) or 8ms (of the linear layers, on this machine).
  std::string budget;
  /// How: optimal, or to compare with: greedy, reversed, uniform.
  std::string allocation = "optimal";
  /// By which sensitivity: fisher, trace, omega, gram, loss.
  std::string metric = "fisher";
  /// Parts of each linear layer's outputs that formats are chosen for apart: a
  /// number of even ones, or "heads" of queries, keys and values.
  std::string segments = "1";
  /// Outputs are ordered by sensitivity where the layers behind can take them
  /// in any order.
  bool sortRows = false;
  /// A file of sensitivities instead of measuring them, if not empty.
  std::string sensitivity;
  /// With weights "auto": a file of each domain's statistics (lib/auto).
  /// Written if there is none; else read, and nothing is measured or run:
  /// entries of `calibration` are then NAME or NAME:WEIGHT (none: all, as
  /// written).
  std::string statistics;
  /// Extents of symbolic dimensions at which kernels are timed for a budget in
  /// milliseconds; others are 1 if their name holds "batch", else 128.
  std::vector<std::pair<std::string, int64_t>> symbols;
  /// What has been measured, made by compileAuto (lib/auto); not owned.
  AllocationContext *allocationContext = nullptr;

  /// Names of targets, separated by commas, or "native".
  std::string target = "native";

  /// Writes the description of the library and what was decided there too, if
  /// not empty: a page if the name ends in .html, else JSON.
  std::string report;
  /// Threads of the compiler; 0 is one a CPU.
  int threads = 0;
  /// What falls back to scalar code is an error instead of a remark.
  bool strict = false;
  /// Remarks, and what each stage did, on the diagnostics.
  bool verbose = false;
  /// Prints the time that each pass took on the diagnostics.
  bool timePasses = false;

  /// Called at the start of every stage, if set.
  std::function<void(const std::string &stage)> progress;
};

/// Compiles. On failure returns false, after at least one line
/// "FILE: error: ..." on `diagnostics`, and leaves no output behind.
bool compile(const CompileOptions &options, llvm::raw_ostream &diagnostics);

/// Describes an ONNX file without compiling it: `json` becomes an object like
/// the metadata of a library compiled with fp32 weights, with "inputs",
/// "outputs", "layers", and no kernels. On failure as compile.
bool describeModel(const std::string &model, std::string &json,
                   llvm::raw_ostream &diagnostics);

} // namespace mixbit

#endif // MIXBIT_COMPILER_H
