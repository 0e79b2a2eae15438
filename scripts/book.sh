#!/usr/bin/env bash
# Makes the book: the README, the documents and the rule pages as they are, with a table of contents.
#
#   scripts/book.sh [FOLDER]
#
# FOLDER is where the book goes (default: target/book). Needs mdbook.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

folder=$(realpath -m "${1:-target/book}")
source=$(mktemp -d)
trap 'rm -rf "$source"' EXIT

mkdir -p "$source/src"
cp -r docs "$source/src/docs"
cp -r rules "$source/src/rules"
cp README.md CHANGELOG.md CONTRIBUTING.md LICENSE-APACHE LICENSE-MIT "$source/src"
title() { sed -n 's/^# //p' "$1" | head -n 1; }
{
    printf '# Summary\n\n[initpath](README.md)\n\n'
    for page in docs/adopting.md docs/ci.md docs/questions.md docs/accuracy.md; do
        printf -- '- [%s](%s)\n' "$(title "$page")" "$page"
    done
    printf -- '- [Rules](rules/README.md)\n'
    for page in rules/*.md rules/policy/*.md; do
        [ "$page" = rules/README.md ] || printf '  - [%s](%s)\n' "$(title "$page")" "$page"
    done
    printf -- '- [The catalog](rules/catalog/README.md)\n- [Contributing](CONTRIBUTING.md)\n- [Changes](CHANGELOG.md)\n'
} > "$source/src/SUMMARY.md"
cat > "$source/book.toml" <<'TOML'
[book]
title = "initpath"
src = "src"
language = "en"
TOML
# Front matter is for the tool: readers have the title below it.
find "$source/src/rules" -name '*.md' | while read -r page; do
    awk 'NR == 1 && $0 == "---" { front = 1; next } front { if ($0 == "---") front = 0; next } { print }' "$page" > "$source/page"
    cp "$source/page" "$page"
done
mdbook build "$source" --dest-dir "$folder"
printf 'the book is in %s\n' "$folder"
