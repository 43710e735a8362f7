//===- Proto.h - The messages of ONNX that the importer reads ---*- C++ -*-===//
//
// Plain structs with the field names of onnx.proto. Strings and raw data are
// views into the file. What the importer rejects (subgraphs, sparse tensors,
// sequences) is noted, not decoded, so that decoding does not recurse.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lib/import/Wire.h"
#include "llvm/ADT/SmallVector.h"

#include <optional>
#include <utility>
#include <vector>

namespace mixbit::proto {

struct Tensor {
  llvm::StringRef name;
  llvm::SmallVector<int64_t, 4> dims;
  int32_t dataType = 0;
  std::optional<llvm::StringRef> raw;
  std::vector<float> floats;
  std::vector<double> doubles;
  /// int32_data and int64_data.
  std::vector<int64_t> ints;
  bool hasInt32 = false, hasInt64 = false;
  bool hasStrings = false, hasSegment = false;
  bool external = false;
  std::vector<std::pair<llvm::StringRef, llvm::StringRef>> externalData;
};

/// AttributeProto.AttributeType, those that are read.
enum AttributeType : int32_t {
  kFloat = 1,
  kInt = 2,
  kString = 3,
  kTensor = 4,
  kGraph = 5,
  kFloats = 6,
  kInts = 7,
  kStrings = 8,
  kGraphs = 10,
};

struct Attribute {
  llvm::StringRef name, refAttrName;
  int32_t type = 0;
  float f = 0;
  int64_t i = 0;
  llvm::StringRef s;
  std::optional<Tensor> t;
  std::vector<float> floats;
  std::vector<int64_t> ints;
  std::vector<llvm::StringRef> strings;
};

struct Node {
  std::vector<llvm::StringRef> inputs, outputs;
  llvm::StringRef name, opType, domain;
  std::vector<Attribute> attributes;
};

struct Dimension {
  std::optional<int64_t> value;
  llvm::StringRef param;
};

struct ValueInfo {
  llvm::StringRef name;
  /// A TypeProto.Tensor; anything else has another kind (the field's number).
  int kind = 0;
  int32_t elementType = 0;
  std::optional<std::vector<Dimension>> shape;
};
constexpr int kTensorKind = 1;

struct Graph {
  llvm::StringRef name;
  std::vector<Node> nodes;
  std::vector<Tensor> initializers;
  std::vector<ValueInfo> inputs, outputs;
  size_t sparseInitializers = 0;
};

struct Function {
  llvm::StringRef name, domain;
};

struct Model {
  std::optional<int64_t> irVersion;
  std::vector<std::pair<llvm::StringRef, int64_t>> opsets;
  std::optional<Graph> graph;
  std::vector<Function> functions;
  /// metadata_props: keys and values.
  std::vector<std::pair<llvm::StringRef, llvm::StringRef>> metadata;
};

/// Decodes a whole file. False with `error` set if it is none.
bool decodeModel(llvm::StringRef data, Model &model, WireError &error);

/// "FLOAT" for 1, and so on.
std::string dataTypeName(int32_t type);
/// "INTS" for 7, and so on.
std::string attributeTypeName(int32_t type);

} // namespace mixbit::proto
