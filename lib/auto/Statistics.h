//===- Statistics.h - What was measured of each domain ----------*- C++ -*-===//
//
// The file of `mixbit compile --statistics`: of each domain of a calibration
// mix its sensitivities, the Fisher diagonals with them, and the matrices X'X
// of all linears' inputs. Both are means over samples and linear in the
// domains, so another mix of the same domains is made from the file alone. It
// is an .npz archive, of about as many bytes as the model in fp32 and one
// matrix an input, for each domain.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lib/compiler/Calibrate.h"
#include "lib/sensitivity/Sensitivity.h"

namespace mixbit {

struct DomainStatistics {
  std::string name;
  double weight = 1; ///< in the mix that it was written for
  Sensitivities sensitivities;
  InputStatistics inputs;
};

/// All of the file or none of it; the same statistics make the same bytes.
llvm::Error writeStatistics(llvm::StringRef path,
                            llvm::ArrayRef<DomainStatistics> domains);
/// Errors begin with the path.
llvm::Expected<std::vector<DomainStatistics>>
readStatistics(llvm::StringRef path);

/// The domains of a file that `entries` name (NAME or NAME:WEIGHT, or
/// NAME:WEIGHT=FILE, whose file is not read), with their weights; all of them
/// without entries.
llvm::Expected<std::vector<DomainStatistics>>
chooseDomains(std::vector<DomainStatistics> domains,
              llvm::ArrayRef<std::string> entries);

} // namespace mixbit
