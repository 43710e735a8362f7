//===- Proto.cpp - Decoding of ONNX messages ------------------------------===//
//
// One function a message. Fields that are not listed are skipped, as protobuf
// demands; a listed one of another wire type is an error.
//
//===----------------------------------------------------------------------===//
#include "lib/import/Proto.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"

#include <cstring>

using llvm::StringRef;

namespace mixbit::proto {
namespace {
/// Checks the wire types of a field as it is taken.
struct Taker {
  const WireField &field;
  WireError &error;

  bool expect(WireField::Type type, const char *what) {
    if (field.type == type)
      return true;
    return error.set(field.offset, llvm::Twine("expected field ") +
                                       llvm::Twine(field.number) + " to be " +
                                       what + ", but got wire type " +
                                       llvm::Twine(unsigned(field.type)));
  }
  bool take(StringRef &value) {
    value = field.bytes;
    return expect(WireField::Bytes, "a string");
  }
  bool take(int64_t &value) {
    value = static_cast<int64_t>(field.value);
    return expect(WireField::Varint, "an integer");
  }
  bool take(int32_t &value) {
    value = static_cast<int32_t>(field.value);
    return expect(WireField::Varint, "an integer");
  }
  bool take(float &value) {
    auto bits = static_cast<uint32_t>(field.value);
    std::memcpy(&value, &bits, 4);
    return expect(WireField::Fixed32, "a float");
  }
  bool isMessage() { return expect(WireField::Bytes, "a message"); }

  /// Repeated integers, packed or one by one.
  template <typename ListT>
  bool takeInts(ListT &list, bool narrow = false) {
    auto push = [&](uint64_t value) {
      list.push_back(narrow ? static_cast<int32_t>(value)
                            : static_cast<int64_t>(value));
    };
    if (field.type != WireField::Bytes) {
      push(field.value);
      return expect(WireField::Varint, "integers");
    }
    WireReader packed(field.bytes, field.payload, error);
    uint64_t value;
    while (packed.nextVarint(value))
      push(value);
    return !error;
  }
  /// Repeated floats or doubles, packed or one by one.
  template <typename T>
  bool takeFloats(std::vector<T> &list) {
    if (field.type != WireField::Bytes) {
      T value;
      std::memcpy(&value, &field.value, sizeof(T));
      list.push_back(value);
      return expect(sizeof(T) == 4 ? WireField::Fixed32 : WireField::Fixed64,
                    "floats");
    }
    if (field.bytes.size() % sizeof(T) != 0)
      return error.set(field.payload, "expected whole floats, but got " +
                                          llvm::Twine(field.bytes.size()) +
                                          " bytes");
    size_t old = list.size();
    list.resize(old + field.bytes.size() / sizeof(T));
    if (!field.bytes.empty())
      std::memcpy(list.data() + old, field.bytes.data(), field.bytes.size());
    return true;
  }
};

/// Calls `f` for every field of a message; stops at the first error.
template <typename F>
bool forEachField(StringRef data, size_t base, WireError &error, F &&f) {
  WireReader reader(data, base, error);
  WireField field;
  while (reader.next(field))
    if (!f(field, Taker{field, error}))
      return false;
  return !error;
}

bool decodeEntry(const WireField &message,
                 std::pair<StringRef, StringRef> &entry, WireError &error) {
  return forEachField(message.bytes, message.payload, error,
                      [&](const WireField &field, Taker taker) {
                        if (field.number == 1)
                          return taker.take(entry.first);
                        return field.number != 2 || taker.take(entry.second);
                      });
}

bool decodeTensor(const WireField &message, Tensor &tensor, WireError &error) {
  auto decode = [&](const WireField &field, Taker taker) {
    switch (field.number) {
    case 1:
      return taker.takeInts(tensor.dims);
    case 2:
      return taker.take(tensor.dataType);
    case 3:
      return tensor.hasSegment = true;
    case 4:
      return taker.takeFloats(tensor.floats);
    case 5:
      tensor.hasInt32 = true;
      return taker.takeInts(tensor.ints, /*narrow=*/true);
    case 6:
      return tensor.hasStrings = true;
    case 7:
      tensor.hasInt64 = true;
      return taker.takeInts(tensor.ints);
    case 8:
      return taker.take(tensor.name);
    case 9:
      return taker.take(tensor.raw.emplace());
    case 10:
      return taker.takeFloats(tensor.doubles);
    case 13:
      return taker.isMessage() &&
             decodeEntry(field, tensor.externalData.emplace_back(), error);
    case 14:
      tensor.external = field.value == 1;
      return taker.expect(WireField::Varint, "an integer");
    default:
      return true;
    }
  };
  return forEachField(message.bytes, message.payload, error, decode);
}

bool decodeAttribute(const WireField &message, Attribute &attribute,
                     WireError &error) {
  auto decode = [&](const WireField &field, Taker taker) {
    switch (field.number) {
    case 1:
      return taker.take(attribute.name);
    case 2:
      return taker.take(attribute.f);
    case 3:
      return taker.take(attribute.i);
    case 4:
      return taker.take(attribute.s);
    case 5:
      return taker.isMessage() &&
             decodeTensor(field, attribute.t.emplace(), error);
    case 7:
      return taker.takeFloats(attribute.floats);
    case 8:
      return taker.takeInts(attribute.ints);
    case 9:
      return taker.take(attribute.strings.emplace_back());
    case 20:
      return taker.take(attribute.type);
    case 21:
      return taker.take(attribute.refAttrName);
    default:
      return true;
    }
  };
  return forEachField(message.bytes, message.payload, error, decode);
}

bool decodeNode(const WireField &message, Node &node, WireError &error) {
  auto decode = [&](const WireField &field, Taker taker) {
    switch (field.number) {
    case 1:
      return taker.take(node.inputs.emplace_back());
    case 2:
      return taker.take(node.outputs.emplace_back());
    case 3:
      return taker.take(node.name);
    case 4:
      return taker.take(node.opType);
    case 5:
      return taker.isMessage() &&
             decodeAttribute(field, node.attributes.emplace_back(), error);
    case 7:
      return taker.take(node.domain);
    default:
      return true;
    }
  };
  return forEachField(message.bytes, message.payload, error, decode);
}

bool decodeDimension(const WireField &message, Dimension &dimension,
                     WireError &error) {
  return forEachField(message.bytes, message.payload, error,
                      [&](const WireField &field, Taker taker) {
                        if (field.number == 1)
                          return taker.take(dimension.value.emplace());
                        return field.number != 2 || taker.take(dimension.param);
                      });
}

bool decodeTensorType(const WireField &message, ValueInfo &info,
                      WireError &error) {
  auto decodeShape = [&](const WireField &field, Taker taker) {
    return field.number != 1 ||
           (taker.isMessage() &&
            decodeDimension(field, info.shape->emplace_back(), error));
  };
  return forEachField(message.bytes, message.payload, error,
                      [&](const WireField &field, Taker taker) {
                        if (field.number == 1)
                          return taker.take(info.elementType);
                        if (field.number != 2)
                          return true;
                        info.shape.emplace();
                        return taker.isMessage() &&
                               forEachField(field.bytes, field.payload, error,
                                            decodeShape);
                      });
}

bool decodeValueInfo(const WireField &message, ValueInfo &info,
                     WireError &error) {
  auto decodeType = [&](const WireField &field, Taker taker) {
    // Numbers of the oneof: tensor, sequence, map, sparse tensor, optional.
    if (!llvm::is_contained({1, 4, 5, 8, 9}, field.number))
      return true;
    info.kind = field.number;
    return taker.isMessage() &&
           (info.kind != kTensorKind || decodeTensorType(field, info, error));
  };
  return forEachField(
      message.bytes, message.payload, error,
      [&](const WireField &field, Taker taker) {
        if (field.number == 1)
          return taker.take(info.name);
        return field.number != 2 ||
               (taker.isMessage() &&
                forEachField(field.bytes, field.payload, error, decodeType));
      });
}

bool decodeGraph(const WireField &message, Graph &graph, WireError &error) {
  auto decode = [&](const WireField &field, Taker taker) {
    switch (field.number) {
    case 1:
      return taker.isMessage() &&
             decodeNode(field, graph.nodes.emplace_back(), error);
    case 2:
      return taker.take(graph.name);
    case 5:
      return taker.isMessage() &&
             decodeTensor(field, graph.initializers.emplace_back(), error);
    case 11:
      return taker.isMessage() &&
             decodeValueInfo(field, graph.inputs.emplace_back(), error);
    case 12:
      return taker.isMessage() &&
             decodeValueInfo(field, graph.outputs.emplace_back(), error);
    case 15:
      ++graph.sparseInitializers;
      return true;
    default:
      return true;
    }
  };
  return forEachField(message.bytes, message.payload, error, decode);
}

bool decodeFunction(const WireField &message, Function &function,
                    WireError &error) {
  return forEachField(message.bytes, message.payload, error,
                      [&](const WireField &field, Taker taker) {
                        if (field.number == 1)
                          return taker.take(function.name);
                        return field.number != 10 ||
                               taker.take(function.domain);
                      });
}

bool decodeOpset(const WireField &message, std::pair<StringRef, int64_t> &opset,
                 WireError &error) {
  return forEachField(message.bytes, message.payload, error,
                      [&](const WireField &field, Taker taker) {
                        if (field.number == 1)
                          return taker.take(opset.first);
                        return field.number != 2 || taker.take(opset.second);
                      });
}

bool decodeProperty(const WireField &message,
                    std::pair<StringRef, StringRef> &property,
                    WireError &error) {
  return forEachField(message.bytes, message.payload, error,
                      [&](const WireField &field, Taker taker) {
                        if (field.number == 1)
                          return taker.take(property.first);
                        return field.number != 2 || taker.take(property.second);
                      });
}
} // namespace

bool decodeModel(StringRef data, Model &model, WireError &error) {
  auto decode = [&](const WireField &field, Taker taker) {
    switch (field.number) {
    case 1:
      return taker.take(model.irVersion.emplace());
    case 7:
      if (model.graph)
        return error.set(field.offset, "expected one graph, but got another");
      return taker.isMessage() &&
             decodeGraph(field, model.graph.emplace(), error);
    case 8:
      return taker.isMessage() &&
             decodeOpset(field, model.opsets.emplace_back(), error);
    case 14:
      return taker.isMessage() &&
             decodeProperty(field, model.metadata.emplace_back(), error);
    case 25:
      return taker.isMessage() &&
             decodeFunction(field, model.functions.emplace_back(), error);
    default:
      return true;
    }
  };
  return forEachField(data, 0, error, decode);
}

std::string dataTypeName(int32_t type) {
  static const char *const names[] = {
      "UNDEFINED",      "FLOAT",      "UINT8",
      "INT8",           "UINT16",     "INT16",
      "INT32",          "INT64",      "STRING",
      "BOOL",           "FLOAT16",    "DOUBLE",
      "UINT32",         "UINT64",     "COMPLEX64",
      "COMPLEX128",     "BFLOAT16",   "FLOAT8E4M3FN",
      "FLOAT8E4M3FNUZ", "FLOAT8E5M2", "FLOAT8E5M2FNUZ",
      "UINT4",          "INT4",       "FLOAT4E2M1",
      "FLOAT8E8M0",     "UINT2",      "INT2"};
  if (type >= 0 && type < static_cast<int32_t>(std::size(names)))
    return names[type];
  return "type " + std::to_string(type);
}

std::string attributeTypeName(int32_t type) {
  static const char *const names[] = {
      "UNDEFINED",      "FLOAT",      "INT",        "STRING",
      "TENSOR",         "GRAPH",      "FLOATS",     "INTS",
      "STRINGS",        "TENSORS",    "GRAPHS",     "SPARSE_TENSOR",
      "SPARSE_TENSORS", "TYPE_PROTO", "TYPE_PROTOS"};
  if (type >= 0 && type < static_cast<int32_t>(std::size(names)))
    return names[type];
  return "type " + std::to_string(type);
}
} // namespace mixbit::proto
