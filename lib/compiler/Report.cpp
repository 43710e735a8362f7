//===- Report.cpp - The report as JSON and as a page ----------------------===//
#include "lib/compiler/Report.h"

#include "lib/quant/Candidates.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

namespace json = llvm::json;
using llvm::StringRef;

namespace mixbit {

json::Object describeAllocation(const AllocationReport &report) {
  json::Array curve, weights, domains;
  for (const AllocationReport::Point &point : report.curve)
    curve.push_back(json::Object{{"size", point.size}, {"loss", point.loss}});
  for (const AllocatedWeight &weight : report.weights) {
    json::Array considered;
    for (const FormatChoice &choice : weight.considered)
      considered.push_back(json::Object{{"format", formatKey(choice.format)},
                                        {"size", choice.size},
                                        {"loss", choice.cost}});
    double parameters = double(weight.rows) * double(weight.cols);
    json::Object row{
        {"name", json::fixUTF8(weight.name)},
        {"op", weight.op},
        {"rows", weight.rows},
        {"cols", weight.cols},
        {"counted", weight.isCounted},
        {"body", weight.isBody},
        {"reason", weight.reason},
        {"format", formatKey(weight.format)},
        {"bits", parameters > 0 ? 8 * weight.bytes / parameters : 0.0},
        {"bytes", int64_t(weight.bytes)}};
    if (weight.isPart)
      row["first_row"] = weight.firstRow;
    if (!weight.considered.empty()) {
      row["sensitivity"] = weight.sensitivity;
      row["loss"] = weight.loss;
      row["considered"] = std::move(considered);
    }
    if (weight.outputSnr)
      row["output_snr_db"] = std::isfinite(*weight.outputSnr)
                                 ? json::Value(*weight.outputSnr)
                                 : json::Value(nullptr);
    weights.push_back(std::move(row));
  }
  for (const DomainUtility &domain : report.domains)
    domains.push_back(json::Object{{"name", json::fixUTF8(domain.name)},
                                   {"weight", domain.weight},
                                   {"samples", domain.samples},
                                   {"loss", domain.loss},
                                   {"loss_without", domain.lossWithout},
                                   {"changed_weights", domain.changedWeights}});
  json::Object result{{"budget", budgetText(report.budget)},
                      {"allocation", policyName(report.policy)},
                      {"metric", report.metric},
                      {"size", report.size},
                      {"body_bits", report.bodyBits},
                      {"loss", report.loss},
                      {"curve", std::move(curve)},
                      {"weights", std::move(weights)}};
  if (report.lowerBound)
    result["lower_bound"] = *report.lowerBound;
  if (!domains.empty())
    result["domains"] = std::move(domains);
  return result;
}

json::Object describeTotals(const json::Object &metadata) {
  enum { Linear, Table, Body };
  int64_t parameters[3] = {}, bytes[3] = {};
  if (const json::Array *layers = metadata.getArray("layers"))
    for (const json::Value &value : *layers) {
      const json::Object *layer = value.getAsObject();
      // A weight that layers share is one.
      if (!layer || layer->get("shared_with"))
        continue;
      auto add = [&](int use) {
        parameters[use] += layer->getInteger("parameters").value_or(0);
        bytes[use] += layer->getInteger("bytes").value_or(0);
      };
      bool isTable = layer->getString("op") == StringRef("embedding");
      add(isTable ? Table : Linear);
      if (layer->getString("part") == StringRef("body"))
        add(Body);
    }
  auto bits = [&](int use) {
    return parameters[use] ? 8.0 * bytes[use] / parameters[use] : 0.0;
  };
  return json::Object{{"linear_parameters", parameters[Linear]},
                      {"linear_bytes", bytes[Linear]},
                      {"linear_bits", bits(Linear)},
                      {"body_parameters", parameters[Body]},
                      {"body_bytes", bytes[Body]},
                      {"body_bits", bits(Body)},
                      {"table_parameters", parameters[Table]},
                      {"table_bytes", bytes[Table]},
                      {"table_bits", bits(Table)}};
}

namespace {
/// Writes elements of a page.
class Page {
public:
  explicit Page(llvm::raw_ostream &os) : os(os) {}

  void render(const json::Object &report, StringRef title);

private:
  void escape(StringRef text) {
    for (char c : text)
      switch (c) {
      case '&':
        os << "&amp;";
        break;
      case '<':
        os << "&lt;";
        break;
      case '>':
        os << "&gt;";
        break;
      case '"':
        os << "&quot;";
        break;
      default:
        os << c;
      }
  }
  static std::string number(double value) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    double size = std::fabs(value);
    if (value == 0 || (size >= 0.01 && size < 1e5))
      stream << llvm::format("%.4g", value);
    else
      stream << llvm::format("%.3e", value);
    return text;
  }
  std::string cell(const json::Value *value) {
    if (!value)
      return "";
    if (auto integer = value->getAsInteger())
      return std::to_string(*integer);
    if (auto real = value->getAsNumber())
      return number(*real);
    if (auto truth = value->getAsBoolean())
      return *truth ? "yes" : "no";
    return value->getAsString().value_or("").str();
  }
  void table(const json::Array &rows,
             llvm::ArrayRef<std::pair<StringRef, StringRef>> columns);
  void summary(const json::Object &report, const json::Object *allocation);
  void curve(const json::Object &allocation);
  void bars(const json::Array &weights);

  llvm::raw_ostream &os;
};
} // namespace

static constexpr StringRef kStyle = R"(
body { font: 14px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 72em; padding: 0 1em; color: #222; }
h1 { font-size: 1.5em; } h2 { font-size: 1.15em; margin-top: 2em; }
table { border-collapse: collapse; } td, th { padding: .2em .7em; border-bottom: 1px solid #ddd; text-align: left; }
td.n { text-align: right; font-variant-numeric: tabular-nums; } svg { max-width: 100%; }
text { font: 11px system-ui, sans-serif; fill: #444; }
)";

/// Columns that no row has are left out.
void Page::table(const json::Array &rows,
                 llvm::ArrayRef<std::pair<StringRef, StringRef>> columns) {
  std::vector<std::pair<StringRef, StringRef>> present;
  for (auto column : columns)
    if (llvm::any_of(rows, [&](const json::Value &row) {
          return row.getAsObject() && row.getAsObject()->get(column.first);
        }))
      present.push_back(column);
  os << "<table>\n<tr>";
  for (auto [key, heading] : present) {
    os << "<th>";
    escape(heading);
    os << "</th>";
  }
  os << "</tr>\n";
  for (const json::Value &row : rows) {
    os << "<tr>";
    for (auto [key, heading] : present) {
      const json::Value *value =
          row.getAsObject() ? row.getAsObject()->get(key) : nullptr;
      os << (value && value->getAsNumber() ? "<td class=\"n\">" : "<td>");
      escape(cell(value));
      os << "</td>";
    }
    os << "</tr>\n";
  }
  os << "</table>\n";
}

void Page::summary(const json::Object &report, const json::Object *allocation) {
  json::Array rows;
  auto add = [&](StringRef what, std::string value) {
    rows.push_back(json::Object{{"what", what}, {"value", std::move(value)}});
  };
  json::Object totals = describeTotals(report);
  auto megabytes = [](double bytes) { return number(bytes / 1e6) + " MB"; };
  auto weights = [&](StringRef kind) {
    std::string key = kind.str();
    double parameters = double(*totals.getInteger(key + "_parameters"));
    return megabytes(double(*totals.getInteger(key + "_bytes"))) + " for " +
           number(parameters / 1e6) + " million weights, " +
           number(*totals.getNumber(key + "_bits")) + " bits each";
  };
  add("Linear layers", weights("linear"));
  add("Those of the body alone", weights("body"));
  add("Embeddings", weights("table"));
  if (auto bytes = report.getInteger("file_bytes"))
    add("Whole file", megabytes(double(*bytes)));
  if (allocation) {
    add("Budget", allocation->getString("budget").value_or("").str());
    add("Reached", number(allocation->getNumber("size").value_or(0)));
    add("Allocation", allocation->getString("allocation").value_or("").str());
    add("Sensitivity", allocation->getString("metric").value_or("").str());
    add("Predicted loss", number(allocation->getNumber("loss").value_or(0)));
    if (auto bound = allocation->getNumber("lower_bound"))
      add("Proven lower bound", number(*bound));
  }
  table(rows, {{"what", ""}, {"value", ""}});
}

/// Loss over size, both axes logarithmic.
void Page::curve(const json::Object &allocation) {
  struct Point {
    double size, loss;
  };
  std::vector<Point> points;
  if (const json::Array *array = allocation.getArray("curve"))
    for (const json::Value &value : *array)
      if (const json::Object *point = value.getAsObject()) {
        double size = point->getNumber("size").value_or(0);
        double loss = point->getNumber("loss").value_or(0);
        if (size > 0 && loss > 0)
          points.push_back({size, loss});
      }
  Point chosen = {allocation.getNumber("size").value_or(0),
                  allocation.getNumber("loss").value_or(0)};
  if (points.size() < 2)
    return;
  double left = points.front().size, right = points.back().size;
  double low = points.back().loss, high = points.front().loss;
  for (const Point &point : points) {
    low = std::min(low, point.loss);
    high = std::max(high, point.loss);
  }
  if (chosen.size > 0 && chosen.loss > 0) {
    left = std::min(left, chosen.size);
    right = std::max(right, chosen.size);
    low = std::min(low, chosen.loss);
    high = std::max(high, chosen.loss);
  }
  constexpr double width = 640, height = 320, margin = 60;
  auto place = [](double value, double from, double to) {
    return to > from ? std::log(value / from) / std::log(to / from) : 0.5;
  };
  auto x = [&](double size) {
    return margin + place(size, left, right) * (width - 2 * margin);
  };
  auto y = [&](double loss) {
    return height - margin - place(loss, low, high) * (height - 2 * margin);
  };
  os << llvm::format("<svg viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" "
                     "role=\"img\" aria-label=\"Predicted loss over size\">\n",
                     width, height, width);
  for (int i = 0; i <= 4; ++i) {
    double size = left * std::pow(right / left, i / 4.0);
    double loss = low * std::pow(high / low, i / 4.0);
    os << llvm::format("<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" "
                       "stroke=\"#eee\"/>",
                       x(size), margin, x(size), height - margin)
       << llvm::format("<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" "
                       "stroke=\"#eee\"/>",
                       margin, y(loss), width - margin, y(loss))
       << llvm::format("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">",
                       x(size), height - margin + 18)
       << number(size) << "</text>"
       << llvm::format("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">",
                       margin - 6, y(loss) + 4)
       << number(loss) << "</text>\n";
  }
  os << "<polyline fill=\"none\" stroke=\"#2468b2\" stroke-width=\"2\" "
        "points=\"";
  for (const Point &point : points)
    os << llvm::format("%.1f,%.1f ", x(point.size), y(point.loss));
  os << "\"/>\n";
  if (chosen.size > 0 && chosen.loss > 0)
    os << llvm::format("<circle id=\"chosen\" cx=\"%.1f\" cy=\"%.1f\" r=\"5\" "
                       "fill=\"#d33\"/>\n",
                       x(chosen.size), y(chosen.loss));
  os << llvm::format("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">size, "
                     "in the budget's unit</text></svg>\n",
                     width / 2, height - 12);
}

/// The bits of each weight.
void Page::bars(const json::Array &weights) {
  constexpr double line = 16, left = 330, scale = 36;
  os << llvm::format("<svg viewBox=\"0 0 720 %.0f\" width=\"720\" role=\"img\" "
                     "aria-label=\"Bits of each weight\">\n",
                     line * weights.size() + 4);
  for (auto [index, value] : llvm::enumerate(weights)) {
    const json::Object *weight = value.getAsObject();
    if (!weight)
      continue;
    double bits = weight->getNumber("bits").value_or(0);
    StringRef name = weight->getString("name").value_or("");
    double top = line * double(index);
    os << llvm::format("<text x=\"%.0f\" y=\"%.1f\" text-anchor=\"end\">",
                       left - 8, top + 12);
    // The end of a long name says more than its beginning.
    if (name.size() > 52)
      os << "...";
    escape(name.take_back(52));
    os << llvm::format("</text><rect x=\"%.0f\" y=\"%.1f\" width=\"%.1f\" "
                       "height=\"12\" fill=\"#2468b2\"/>",
                       left, top + 2, std::min(bits, 10.0) * scale)
       << llvm::format("<text x=\"%.1f\" y=\"%.1f\">",
                       left + std::min(bits, 10.0) * scale + 4, top + 12)
       << number(bits) << "</text>\n";
  }
  os << "</svg>\n";
}

void Page::render(const json::Object &report, StringRef title) {
  os << "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\n"
        "<title>";
  escape(title);
  os << "</title>\n<style>" << kStyle << "</style></head>\n<body>\n<h1>";
  escape(title);
  os << "</h1>\n";
  const json::Object *allocation = report.getObject("allocation");
  summary(report, allocation);
  if (allocation) {
    os << "<h2>Predicted loss over size</h2>\n<p>Optimal allocations; the dot "
          "is the one that was chosen.</p>\n";
    curve(*allocation);
    if (const json::Array *weights = allocation->getArray("weights")) {
      os << "<h2>Bits of each weight</h2>\n";
      bars(*weights);
      os << "<h2>Weights</h2>\n";
      table(*weights, {{"name", "weight"},
                       {"op", "of"},
                       {"first_row", "from row"},
                       {"rows", "rows"},
                       {"cols", "columns"},
                       {"format", "format"},
                       {"reason", "reason"},
                       {"bits", "bits"},
                       {"bytes", "bytes"},
                       {"sensitivity", "sensitivity"},
                       {"loss", "predicted loss"},
                       {"output_snr_db", "output SNR, dB"}});
    }
    if (const json::Array *domains = allocation->getArray("domains")) {
      os << "<h2>Calibration mix</h2>\n<p>Predicted loss of the mix with all "
            "domains, and when formats are chosen without one of them.</p>\n";
      table(*domains, {{"name", "domain"},
                       {"weight", "weight"},
                       {"samples", "samples"},
                       {"loss", "predicted loss of its own"},
                       {"loss_without", "of the mix, chosen without it"},
                       {"changed_weights", "weights that change"}});
    }
  }
  if (const json::Array *layers = report.getArray("layers")) {
    os << "<h2>Layers</h2>\n";
    table(*layers, {{"name", "layer"},
                    {"op", "operation"},
                    {"part", "part"},
                    {"format", "format"},
                    {"group", "group"},
                    {"bits", "bits"},
                    {"bytes", "bytes"},
                    {"parameters", "weights"},
                    {"shared_with", "stored with"}});
  }
  os << "</body>\n</html>\n";
}

std::string renderHtml(const json::Object &report, StringRef title) {
  std::string text;
  llvm::raw_string_ostream os(text);
  Page(os).render(report, title);
  return text;
}

} // namespace mixbit
