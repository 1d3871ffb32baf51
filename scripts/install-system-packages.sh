#!/usr/bin/env bash
# System packages that only the browser tests, the screenshots and the foreign servers need.
# The product itself needs Python 3.11 or later and nothing else.
#
#   chromium   pages are tested as people see them          (make test, make screenshots)
#   JDK+Maven  HAPI FHIR and its validator, by package name (make interop)
#   R, lme4    the statistics package that norms are compared with (make interop)
#
# Debian and its relatives, as root (or with sudo). Safe to run again.
set -euo pipefail

wanted=()
command -v chromium >/dev/null || wanted+=(chromium)
command -v mvn >/dev/null || wanted+=(maven)
command -v java >/dev/null || wanted+=(default-jdk-headless)
Rscript -e 'library(lme4)' >/dev/null 2>&1 || wanted+=(r-cran-lme4)
python3 -c 'import ensurepip' 2>/dev/null || wanted+=(python3-venv)

if [ ${#wanted[@]} -eq 0 ]; then
  echo "system packages: nothing to install"
  exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || {
    echo "Please install as root: apt-get install ${wanted[*]}" >&2
    exit 1
  }
  as_root=(sudo)
fi

echo "system packages: installing ${wanted[*]}"
"${as_root[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${wanted[@]}"
