//===- AssignFormats.cpp - The format of every weight, by name ------------===//
//
// Options are parsed once. Weights are visited constant by constant, so that
// all users of a shared one get the same format.
//
//===----------------------------------------------------------------------===//
#include "dialects/mixbit/FormatTypes.h"
#include "dialects/mixbit/SymbolicShapes.h"
#include "passes/quantize/Passes.h"
#include "passes/quantize/Weights.h"

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_ASSIGNFORMATS
#include "passes/quantize/Passes.h.inc"

namespace {
struct KeepRule {
  std::string pattern;
  SegmentRule formats;
  bool isUsed = false;
};

struct AssignFormats : impl::AssignFormatsBase<AssignFormats> {
  using AssignFormatsBase::AssignFormatsBase;

  void runOnOperation() override {
    if (failed(parseOptions()))
      return signalPassFailure();
    for (const WeightUsers &weight : collectWeights(getOperation()))
      if (failed(assign(weight.constant, weight.users)))
        return signalPassFailure();
    if (products)
      getOperation().walk([&](AttentionOp op) {
        KeepRule *rule = findRule(op, {});
        if (!rule || !rule->formats.isFloat())
          op.setProducts(products);
      });
    for (const KeepRule &rule : rules)
      if (!rule.isUsed)
        emitWarning(getOperation().getLoc())
            << "expected a weight or node whose name matches '" << rule.pattern
            << "', but got none: it keeps nothing";
  }

private:
  LogicalResult parseOptions() {
    auto complain = [&](const Twine &option, llvm::Error error) {
      return emitError(getOperation().getLoc())
             << option << ": " << llvm::toString(std::move(error));
    };
    auto parsed = parseSegments(weights == "auto" ? "int8" : weights.getValue(),
                                group, scale);
    if (!parsed)
      return complain("weights", parsed.takeError());
    standard = *parsed;
    rules.clear();
    for (StringRef entry : keep) {
      // Names may hold '=', formats do not.
      auto [pattern, name] = entry.rsplit('=');
      if (pattern.empty() || name.empty())
        return emitError(getOperation().getLoc())
               << "keep: expected PATTERN=FORMAT, but got '" << entry << "'";
      auto formats = parseSegments(name, "", scale);
      if (!formats)
        return complain("keep '" + entry + "'", formats.takeError());
      rules.push_back({pattern.str(), *formats});
    }
    if (failed(parseActivations()))
      return failure();
    return parseAttention();
  }

  /// How attention multiplies, none being floats.
  LogicalResult parseAttention() {
    if (attention != "auto" && attention != "fp32" && attention != "int8")
      return emitError(getOperation().getLoc())
             << "attention: expected auto, fp32 or int8, but got '" << attention
             << "'";
    products.reset();
    if (attention == "int8")
      products = ProductKind::Bytes;
    else if (attention == "auto" && activationsAttr && !standard.isFloat())
      products = ProductKind::Fastest;
    return success();
  }

  LogicalResult parseActivations() {
    activationsAttr = {};
    if (activations == "fp32")
      return success();
    StringRef name = activations;
    bool isStatic = name.consume_back("-static");
    auto parsed = parseFormat(name);
    if (!parsed || parsed->kind != FormatKind::Int || parsed->hasZero() ||
        name.contains(':')) {
      if (!parsed)
        llvm::consumeError(parsed.takeError());
      return emitError(getOperation().getLoc())
             << "activations: expected fp32, int1 to int8 or int1-static to "
                "int8-static, but got '"
             << activations << "'";
    }
    activationsAttr = ActivationsAttr::get(
        &getContext(), parsed->bits,
        isStatic ? Granularity::PerTensor : Granularity::PerToken,
        isStatic ? RangeMode::Static : RangeMode::Dynamic);
    return success();
  }

  /// The last rule that matches any name of the weight or its users.
  KeepRule *findRule(Operation *constant, ArrayRef<Operation *> ops) {
    SmallVector<StringRef> names;
    collectNames(constant->getLoc(), names);
    for (Operation *op : ops)
      collectNames(op->getLoc(), names);
    KeepRule *found = nullptr;
    for (KeepRule &rule : rules)
      if (llvm::any_of(names, [&](StringRef name) {
            return matchesPattern(rule.pattern, name);
          })) {
        rule.isUsed = true;
        found = &rule;
      }
    return found;
  }

  /// The formats of a weight; tables, whose rows are looked up one by one, have
  /// one, that of most rows, unless `keep` says otherwise by hand (and is
  /// refused with the reason).
  FailureOr<Segments> formatsOf(arith::ConstantOp constant,
                                const KeepRule *rule, bool isTable) {
    int64_t rows = cast<RankedTensorType>(constant.getType()).getDimSize(0);
    const SegmentRule &formats = rule ? rule->formats : standard;
    if (isTable && !rule)
      for (const SegmentRule::Part &part : formats.parts)
        if (!part.rows && !part.percent)
          return Segments{{rows, part.format}};
    auto segments = segmentsOf(formats, rows);
    if (segments)
      return std::move(*segments);
    return constant.emitError()
           << "weight '" << nodeName(constant.getLoc(), "weight")
           << "': " << llvm::toString(segments.takeError());
  }

  LogicalResult assign(arith::ConstantOp constant, ArrayRef<Operation *> ops) {
    KeepRule *rule = findRule(constant, ops);
    bool isTable =
        llvm::any_of(ops, [](Operation *op) { return isa<EmbeddingOp>(op); });
    FailureOr<Segments> segments = formatsOf(constant, rule, isTable);
    if (failed(segments))
      return failure();
    if (segments->size() == 1 &&
        segments->front().format == Format::makeFloat())
      return success(); // as it is
    bool isFloat = llvm::all_of(*segments, [](const Segment &segment) {
      return segment.format.isFloat();
    });
    auto attr = FormatAttr::get(&getContext(), typeOf(&getContext(), *segments),
                                rule ? "keep" : "default");
    for (Operation *op : ops) {
      ++assigned;
      setFormatAttr(op, attr);
      if (auto linear = dyn_cast<LinearOp>(op);
          linear && activationsAttr && !isFloat)
        linear.setActivationsAttr(activationsAttr);
    }
    return success();
  }

  SegmentRule standard;
  std::vector<KeepRule> rules;
  ActivationsAttr activationsAttr;
  std::optional<ProductKind> products; ///< of attention; none are floats
};
} // namespace
} // namespace mixbit
