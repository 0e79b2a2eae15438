#!/usr/bin/env bash
# Draws the migration report and the graph of a workspace in a real browser, light and dark, so that somebody can look.
#
#   scripts/report_screenshots.sh [MANIFEST] [FOLDER]
#
# MANIFEST is a Cargo.toml (default: fixtures/three-managers/Cargo.toml), FOLDER is where the pictures go (default: a new
# temporary one, which is named at the end). Needs Debian's chromium, or another one named in CHROMIUM.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

manifest=${1:-fixtures/three-managers/Cargo.toml}
folder=${2:-$(mktemp -d)}
browser=${CHROMIUM:-chromium}
mkdir -p "$folder"

cargo build --quiet
run() { target/debug/cargo-initpath "$@" --keep-going --manifest-path "$manifest"; }
run report --format html --output "$folder/report.html"
run graph --format svg --output "$folder/graph.svg"

picture() { # PAGE NAME [FLAG…]
    local page=$1 name=$2
    shift 2
    "$browser" --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking \
        --disable-component-update --disable-sync --hide-scrollbars --user-data-dir="$(mktemp -d)" \
        --window-size=1440,1700 --screenshot="$folder/$name.png" "$@" "file://$(realpath "$folder")/$page" 2>/dev/null
    test -s "$folder/$name.png"
}
picture report.html report-light
picture report.html report-dark --blink-settings=preferredColorScheme=0
picture report.html report-narrow --window-size=420,1700
picture graph.svg graph
echo "pictures in $folder"
