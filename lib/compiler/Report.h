//===- Report.h - What a compilation decided, to be read --------*- C++ -*-===//
//
// The report is one JSON object: what `mixbit inspect` prints of the library,
// and under "allocation" what was chosen under a budget and why. As HTML it is
// a single page made of that object: tables and a curve in SVG, without
// scripts and without anything from elsewhere.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "passes/quantize/Allocation.h"

#include "llvm/Support/JSON.h"

namespace mixbit {

/// {"budget", "allocation", "metric", "size", "body_bits", "loss",
/// "lower_bound", "curve":
/// [{"size", "loss"}], "weights": [{"name", "op", "rows", "cols", "counted",
/// "body", "reason", "format", "bits", "bytes", "sensitivity", "loss",
/// "considered":
/// [{"format", "size", "loss"}]}], "domains": ...}. Sizes are in the budget's
/// unit, those of "considered" in bytes (nanoseconds for a budget in ms).
llvm::json::Object describeAllocation(const AllocationReport &report);

/// Totals over layers: {"linear_parameters", "linear_bytes", "linear_bits"},
/// the same of "body" (linears without heads, see findHeads()) and of "table".
llvm::json::Object describeTotals(const llvm::json::Object &metadata);

/// A page of a report; `title` heads it.
std::string renderHtml(const llvm::json::Object &report, llvm::StringRef title);

} // namespace mixbit
