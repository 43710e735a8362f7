//===- ReportTest.cpp - The report as JSON and as a page ------------------===//
#include "lib/compiler/Report.h"

#include "gtest/gtest.h"

using namespace mixbit;
namespace json = llvm::json;

namespace {

AllocationReport sample() {
  AllocationReport report;
  report.budget = {BudgetUnit::Bits, 3};
  report.metric = "fisher";
  report.size = 2.9;
  report.loss = 0.5;
  report.lowerBound = 0.5;
  report.curve = {{2, 4}, {2.9, 0.5}, {8, 0.001}};
  Format format = Format::makeInt(3, 1, 64, FloatKind::F16);
  AllocatedWeight weight;
  weight.name = "<layer> & \"more\"";
  weight.op = "linear";
  weight.rows = 100;
  weight.cols = 640;
  weight.isCounted = true;
  weight.reason = "allocated";
  weight.format = format;
  weight.bytes = 26000;
  weight.sensitivity = 12;
  weight.loss = 0.5;
  weight.considered = {{format, 26000, 0.5}};
  weight.outputSnr = 21.5;
  report.weights.push_back(weight);
  report.domains.push_back({"news", 2, 100, 0.4, 0.6, 1});
  return report;
}

size_t countOf(const std::string &text, const std::string &part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos;
       at = text.find(part, at + 1))
    ++count;
  return count;
}

TEST(ReportTest, describesTheDecision) {
  json::Object object = describeAllocation(sample());
  EXPECT_EQ(object.getString("budget"), llvm::StringRef("3bits"));
  EXPECT_EQ(object.getNumber("lower_bound"), 0.5);
  EXPECT_EQ(object.getArray("curve")->size(), 3u);
  const json::Object &weight =
      *object.getArray("weights")->front().getAsObject();
  EXPECT_EQ(weight.getString("format"), llvm::StringRef("int3:1x64"));
  EXPECT_EQ(weight.getNumber("bits"), 3.25);
  EXPECT_EQ(weight.getNumber("output_snr_db"), 21.5);
  EXPECT_EQ(weight.getArray("considered")->size(), 1u);
  EXPECT_EQ(object.getArray("domains")->size(), 1u);
}

TEST(ReportTest, addsUpLinearsAndTables) {
  json::Object metadata{
      {"layers",
       json::Array{
           json::Object{{"op", "linear"}, {"parameters", 1000}, {"bytes", 500}},
           json::Object{
               {"op", "embedding"}, {"parameters", 4000}, {"bytes", 4000}},
           json::Object{
               {"op", "linear"}, {"parameters", 3000}, {"bytes", 500}}}}};
  json::Object totals = describeTotals(metadata);
  EXPECT_EQ(totals.getInteger("linear_bytes"), 1000);
  EXPECT_EQ(totals.getNumber("linear_bits"), 2);
  EXPECT_EQ(totals.getInteger("table_parameters"), 4000);
  EXPECT_EQ(totals.getNumber("table_bits"), 8);
}

TEST(ReportTest, thePageIsSelfContainedAndEscaped) {
  json::Object report{{"file_bytes", 12345678},
                      {"layers", json::Array()},
                      {"allocation", describeAllocation(sample())}};
  std::string page = renderHtml(report, "a<b>.onnx");
  EXPECT_EQ(page.find("<!doctype html>"), 0u);
  EXPECT_NE(page.find("a&lt;b&gt;.onnx"), std::string::npos);
  EXPECT_EQ(page.find("<layer>"), std::string::npos);
  EXPECT_NE(page.find("&lt;layer&gt; &amp; &quot;more&quot;"),
            std::string::npos);
  EXPECT_NE(page.find("12.35 MB"), std::string::npos);
  EXPECT_NE(page.find("id=\"chosen\""), std::string::npos);
  EXPECT_NE(page.find("news"), std::string::npos);
  EXPECT_EQ(page.find("http"), std::string::npos);
  EXPECT_EQ(page.find("<script"), std::string::npos);
  for (const char *tag : {"table", "tr", "td", "th", "svg", "text", "h2"})
    EXPECT_EQ(countOf(page, "<" + std::string(tag) + ">") +
                  countOf(page, "<" + std::string(tag) + " "),
              countOf(page, "</" + std::string(tag) + ">"))
        << tag;
}

TEST(ReportTest, aPlainLibraryHasAPageToo) {
  json::Object report{
      {"layers", json::Array{json::Object{{"name", "fc"},
                                          {"op", "linear"},
                                          {"format", "int8"},
                                          {"bits", 8.1},
                                          {"bytes", 100},
                                          {"parameters", 99}}}}};
  std::string page = renderHtml(report, "m.onnx");
  EXPECT_NE(page.find("<td>fc</td>"), std::string::npos);
  EXPECT_EQ(page.find("polyline"), std::string::npos);
}

} // namespace
