//===- Nodes.cpp - Nodes of the file as operations ------------------------===//
//
// A node becomes the operation of its name. Its attributes are checked against
// the operation's definition, its operands and results by the operation's shape
// inference, before the next node is looked at.
//
//===----------------------------------------------------------------------===//
#include "lib/import/Importer.h"

using namespace mlir;

namespace mixbit {
/// Opsets before which an operator's last inputs were attributes.
struct Upgrade {
  StringLiteral opType;
  StringLiteral attribute;
  int64_t before;
  size_t operand;
};
static constexpr Upgrade kUpgrades[] = {
    {"Squeeze", "axes", 13, 1},    {"Unsqueeze", "axes", 13, 1},
    {"Split", "split", 13, 1},     {"ReduceSum", "axes", 13, 1},
    {"ReduceMean", "axes", 18, 1}, {"ReduceMax", "axes", 18, 1},
    {"ReduceMin", "axes", 18, 1},  {"ReduceProd", "axes", 18, 1},
    {"Dropout", "ratio", 12, 1},
};

/// How many operands (or results) the operation has; nullopt if any number.
template <template <typename> class Zero, template <typename> class One,
          template <unsigned> class N>
static std::optional<size_t> fixedCount(RegisteredOperationName name) {
  if (name.hasTrait<Zero>())
    return 0;
  if (name.hasTrait<One>())
    return 1;
  if (name.hasTrait<N<2>::template Impl>())
    return 2;
  if (name.hasTrait<N<3>::template Impl>())
    return 3;
  if (name.hasTrait<N<4>::template Impl>())
    return 4;
  if (name.hasTrait<N<5>::template Impl>())
    return 5;
  if (name.hasTrait<N<6>::template Impl>())
    return 6;
  if (name.hasTrait<N<7>::template Impl>())
    return 7;
  if (name.hasTrait<N<8>::template Impl>())
    return 8;
  if (name.hasTrait<N<9>::template Impl>())
    return 9;
  return std::nullopt;
}

FailureOr<RegisteredOperationName>
Importer::findOperation(const proto::Node &node, Location loc) {
  bool isDefault = node.domain.empty() || node.domain == "ai.onnx";
  for (const proto::Function &function : model.functions)
    if (function.name == node.opType && function.domain == node.domain)
      return emitError(loc) << "expected an operator, but got the local "
                               "function '"
                            << node.domain << "::" << node.opType
                            << "', which is not supported";
  if (!isDefault && node.domain != "com.microsoft")
    return emitError(loc) << "expected an operator of ai.onnx or "
                             "com.microsoft, but got '"
                          << node.opType << "' of domain '" << node.domain
                          << "'";
  for (const proto::Attribute &attribute : node.attributes)
    if (attribute.type == proto::kGraph || attribute.type == proto::kGraphs)
      return emitError(loc) << "expected an operator without subgraphs, but "
                               "got '"
                            << node.opType << "'";
  std::string name =
      (isDefault ? "onnx." : "onnx.com.microsoft.") + node.opType.str();
  std::optional<RegisteredOperationName> info =
      RegisteredOperationName::lookup(name, context);
  // onnx.constant and onnx.none are not operators of ONNX.
  if (!info || node.opType == "constant" || node.opType == "none" ||
      node.opType.contains('.'))
    return emitError(loc) << "expected an operator that is supported, but got '"
                          << node.opType << "'"
                          << (isDefault ? "" : " of domain 'com.microsoft'");
  auto *interface = info->getInterface<onnx::OnnxShapeOpInterface>();
  if (!interface)
    return emitError(loc) << "expected an operator that is supported, but got '"
                          << node.opType << "'";
  if (isDefault && interface->getSinceOpset() > opset)
    return emitError(loc) << "expected opset " << interface->getSinceOpset()
                          << " or newer for '" << node.opType
                          << "', but the file has opset " << opset;
  return *info;
}

FailureOr<Attribute> Importer::convert(const proto::Attribute &attribute,
                                       Location loc) {
  if (!attribute.refAttrName.empty())
    return emitError(loc) << "expected attribute '" << attribute.name
                          << "' to have a value, but got a reference to '"
                          << attribute.refAttrName << "'";
  // Element types are numbers in the file.
  bool isType = attribute.name == "to" || attribute.name == "output_dtype" ||
                attribute.name == "precision";
  switch (attribute.type) {
  case proto::kFloat:
    return Attribute(builder.getF32FloatAttr(attribute.f));
  case proto::kInt:
    if (isType) {
      // 0 is no choice.
      if (attribute.i == 0)
        return Attribute();
      auto code = static_cast<int32_t>(attribute.i);
      Type type = code == attribute.i ? elementType(code) : Type();
      if (!type)
        return emitError(loc) << "expected attribute '" << attribute.name
                              << "' to be a type that is supported, but got "
                              << proto::dataTypeName(code);
      return Attribute(TypeAttr::get(type));
    }
    return Attribute(builder.getI64IntegerAttr(attribute.i));
  case proto::kString:
    return Attribute(builder.getStringAttr(attribute.s));
  case proto::kTensor: {
    if (!attribute.t)
      return emitError(loc) << "expected attribute '" << attribute.name
                            << "' to hold a tensor, but got none";
    FailureOr<ElementsAttr> value =
        convert(*attribute.t, loc, "attribute '" + attribute.name + "'");
    if (failed(value))
      return failure();
    return Attribute(*value);
  }
  case proto::kFloats:
    return Attribute(builder.getDenseF32ArrayAttr(attribute.floats));
  case proto::kInts:
    return Attribute(builder.getDenseI64ArrayAttr(attribute.ints));
  case proto::kStrings: {
    SmallVector<Attribute> strings;
    for (StringRef text : attribute.strings)
      strings.push_back(builder.getStringAttr(text));
    return Attribute(builder.getArrayAttr(strings));
  }
  default:
    return emitError(loc) << "expected attribute '" << attribute.name
                          << "' to be a number, string, tensor, or list, but "
                             "got "
                          << proto::attributeTypeName(attribute.type);
  }
}

Value Importer::none() {
  if (!noneValue) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&func.getBody().front());
    noneValue = onnx::NoneOp::create(builder, fileLoc, builder.getNoneType());
  }
  return noneValue;
}

Value Importer::constant(ElementsAttr value, StringRef name, Location loc) {
  auto op = onnx::ConstantOp::create(
      builder, loc, value.getType(), value,
      name.empty() ? StringAttr() : builder.getStringAttr(name));
  known[op.getOutput()] = onnx::SymbolicValue::ofConstant(value);
  return op.getOutput();
}

FailureOr<Value> Importer::lookup(StringRef name, Location loc) {
  auto found = values.find(name);
  if (found != values.end())
    return found->second;
  auto initializer = initializers.find(name);
  if (initializer == initializers.end())
    return emitError(loc) << "expected '" << name
                          << "' to be defined before its use";
  FailureOr<ElementsAttr> value =
      convert(*initializer->second, fileLoc, "initializer '" + name + "'");
  if (failed(value))
    return failure();
  Location at = NameLoc::get(builder.getStringAttr(name), fileLoc);
  return values[name] = constant(*value, name, at);
}

LogicalResult Importer::define(StringRef name, Value value,
                               onnx::SymbolicValue symbolic) {
  known[value] = std::move(symbolic);
  if (!name.empty())
    values[name] = value;
  return success();
}

LogicalResult Importer::importConstantNode(const proto::Node &node,
                                           Location loc) {
  if (!node.inputs.empty() || node.outputs.size() != 1)
    return emitError(loc) << "expected a Constant to have no inputs and one "
                             "output, but got "
                          << node.inputs.size() << " and "
                          << node.outputs.size();
  if (node.attributes.size() != 1)
    return emitError(loc) << "expected a Constant to have one attribute, but "
                             "got "
                          << node.attributes.size();
  const proto::Attribute &attribute = node.attributes.front();
  static const std::pair<StringRef, int32_t> forms[] = {
      {"value", proto::kTensor},
      {"value_float", proto::kFloat},
      {"value_floats", proto::kFloats},
      {"value_int", proto::kInt},
      {"value_ints", proto::kInts}};
  auto *form = llvm::find_if(
      forms, [&](const auto &entry) { return entry.first == attribute.name; });
  if (form == std::end(forms))
    return emitError(loc) << "expected a Constant of numbers, but got "
                             "attribute '"
                          << attribute.name << "'";
  if (form->second != attribute.type)
    return emitError(loc) << "expected attribute '" << attribute.name
                          << "' to be "
                          << proto::attributeTypeName(form->second)
                          << ", but got "
                          << proto::attributeTypeName(attribute.type);
  FailureOr<Attribute> value = convert(attribute, loc);
  if (failed(value))
    return failure();
  auto vectorOf = [&](Type type, size_t size) {
    return RankedTensorType::get(static_cast<int64_t>(size), type);
  };
  ElementsAttr elements;
  switch (attribute.type) {
  case proto::kTensor:
    elements = cast<ElementsAttr>(*value);
    break;
  case proto::kFloat:
  case proto::kInt:
    elements = DenseElementsAttr::get(
        RankedTensorType::get({}, cast<TypedAttr>(*value).getType()), *value);
    break;
  case proto::kFloats:
    elements = DenseElementsAttr::get(
        vectorOf(builder.getF32Type(), attribute.floats.size()),
        ArrayRef(attribute.floats));
    break;
  default:
    elements = DenseElementsAttr::get(
        vectorOf(builder.getI64Type(), attribute.ints.size()),
        ArrayRef(attribute.ints));
  }
  values[node.outputs.front()] = constant(elements, node.outputs.front(), loc);
  return success();
}

void Importer::upgrade(StringRef opType, NamedAttrList &attributes,
                       SmallVectorImpl<Value> &operands, Location loc) {
  for (const Upgrade &upgrade : kUpgrades) {
    if (opset >= upgrade.before || opType != upgrade.opType)
      continue;
    Attribute value = attributes.get(upgrade.attribute);
    if (!value || operands.size() != upgrade.operand)
      continue;
    ElementsAttr elements;
    if (auto list = dyn_cast<DenseI64ArrayAttr>(value))
      elements = DenseElementsAttr::get(
          RankedTensorType::get(list.size(), builder.getI64Type()),
          list.asArrayRef());
    else if (auto number = dyn_cast<FloatAttr>(value))
      elements = DenseElementsAttr::get(
          RankedTensorType::get({}, number.getType()), value);
    if (!elements)
      continue;
    attributes.erase(upgrade.attribute);
    operands.push_back(constant(elements, "", loc));
  }
}

LogicalResult Importer::importNode(const proto::Node &node, size_t index) {
  std::string name = node.name.empty()
                         ? (node.opType + " #" + Twine(index)).str()
                         : node.name.str();
  Location loc = NameLoc::get(builder.getStringAttr(name), fileLoc);
  if (node.opType == "Constant" &&
      (node.domain.empty() || node.domain == "ai.onnx"))
    return importConstantNode(node, loc);
  FailureOr<RegisteredOperationName> info = findOperation(node, loc);
  if (failed(info))
    return failure();

  SmallVector<Value> operands;
  for (StringRef input : node.inputs) {
    FailureOr<Value> value =
        input.empty() ? FailureOr<Value>(none()) : lookup(input, loc);
    if (failed(value))
      return failure();
    operands.push_back(*value);
  }
  NamedAttrList attributes;
  for (const proto::Attribute &attribute : node.attributes) {
    FailureOr<Attribute> value = convert(attribute, loc);
    if (failed(value))
      return failure();
    if (attribute.name.empty() || attributes.get(attribute.name))
      return emitError(loc) << "expected different attributes, but got '"
                            << attribute.name << "' again";
    if (*value)
      attributes.append(attribute.name, *value);
  }
  // Coerced dimensions: see the operation's description.
  bool isCoerced =
      opset < 13 && (node.opType == "Softmax" || node.opType == "LogSoftmax");
  if (isCoerced && !attributes.get("axis"))
    attributes.append("axis", builder.getI64IntegerAttr(1));
  upgrade(node.opType, attributes, operands, loc);

  for (NamedAttribute attribute : attributes)
    if (!llvm::is_contained(info->getAttributeNames(), attribute.getName()))
      return emitError(loc)
             << "expected no attribute '" << attribute.getName().getValue()
             << "' of '" << node.opType << "'";
  if (failed(info->verifyInherentAttrs(attributes,
                                       [&]() { return emitError(loc); })))
    return failure();
  if (auto count = fixedCount<OpTrait::ZeroOperands, OpTrait::OneOperand,
                              OpTrait::NOperands>(*info)) {
    if (operands.size() > *count)
      return emitError(loc) << "expected at most " << *count << " inputs of '"
                            << node.opType << "', but got " << operands.size();
    while (operands.size() < *count)
      operands.push_back(none());
  }
  ArrayRef<StringRef> outputs(node.outputs);
  while (!outputs.empty() && outputs.back().empty())
    outputs = outputs.drop_back();
  auto count =
      fixedCount<OpTrait::ZeroResults, OpTrait::OneResult, OpTrait::NResults>(
          *info);
  if (outputs.empty() || (count && outputs.size() > *count))
    return emitError(loc) << "expected " << count.value_or(1) << " outputs of '"
                          << node.opType << "', but got " << outputs.size();
  size_t results = count.value_or(outputs.size());

  // Types are placeholders until the inference has run on the operation.
  SmallVector<Type> types(results,
                          RankedTensorType::get({}, builder.getF32Type()));
  OperationState state(loc, *info, operands, types, attributes);
  Operation *op = builder.create(state);
  if (failed(info->verifyInvariants(op)))
    return failure();
  SmallVector<onnx::SymbolicValue> in, out;
  for (Value operand : operands)
    in.push_back(onnx::isPresent(operand) ? known.lookup(operand)
                                          : onnx::SymbolicValue());
  if (failed(cast<onnx::OnnxShapeOpInterface>(op).inferSymbolic(in, out)))
    return failure();
  if (out.size() != results)
    return emitError(loc) << "expected " << out.size() << " outputs of '"
                          << node.opType << "', but got " << results;
  if (isCoerced) {
    int64_t axis = cast<IntegerAttr>(attributes.get("axis")).getInt();
    int64_t rank = in[0].rank();
    for (int64_t d = (axis < 0 ? axis + rank : axis) + 1; d < rank; ++d)
      if (onnx::asConstant(in[0].shape[d]) != 1)
        return emitError(loc) << "expected '" << node.opType
                              << "' along the last axis before opset 13, but "
                                 "got axis "
                              << axis << " of rank " << rank;
  }
  for (size_t i = 0; i != results; ++i) {
    op->getResult(i).setType(out[i].getType());
    if (failed(define(i < outputs.size() ? outputs[i] : StringRef(),
                      op->getResult(i), std::move(out[i]))))
      return failure();
  }
  return success();
}
} // namespace mixbit
