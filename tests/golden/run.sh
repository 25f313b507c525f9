#!/usr/bin/env bash
# Wrong graph files and the exact messages of `amtgraph check` about them.
# usage: run.sh AMTGRAPH [--update]
#
# wrong/NAME.yaml must give exit code 78 and the text wrong/NAME.txt. A line
# `# options: ...` in a file adds options. What cannot be kept in the tree (a
# directory, rubbish, 100 MB) is made here, and has its text in wrong/ as well.
# --update writes the texts instead: read the difference before you commit it.
set -u

amtgraph=$(realpath "$1")
update=${2:-}
cd "$(dirname "${BASH_SOURCE[0]}")/wrong" || exit 1
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
files=0 failed=0

# compare NAME FILE: what is said about FILE against NAME.txt
compare()
{
    local name=$1 file=$2 code options
    options=$(sed -n 's/^# options: //p' "$file" 2>/dev/null | tr -d '\0')
    files=$((files + 1))
    # shellcheck disable=SC2086  # several options are several words
    NO_COLOR=1 GOLDEN_PORT=none timeout 10 "$amtgraph" check $options "$file" \
        >"$made/out" 2>"$made/said"
    code=$?
    sed "s|$made/||g" "$made/said" >"$made/text"
    if [ "$code" != 78 ] || [ -s "$made/out" ]; then
        printf 'FAIL %s: exit code %s instead of 78, or something on standard output\n' "$name" "$code"
        failed=$((failed + 1))
    fi
    if [ "$update" = --update ]; then
        cp "$made/text" "$name.txt"
    elif ! diff -u "$name.txt" "$made/text"; then
        printf 'FAIL %s: not what %s.txt says\n' "$name" "$name"
        failed=$((failed + 1))
    fi
}

for file in *.yaml; do
    compare "${file%.yaml}" "$file"
done

mkdir "$made/directory.yaml"
compare directory "$made/directory.yaml"
printf '\177ELF\002\001\001\0\0\0\0\0\0\0\0\003' >"$made/rubbish.yaml"
compare rubbish "$made/rubbish.yaml"
printf 'amtgraph: 1\nname: caf\351\n' >"$made/latin1.yaml"
compare latin1 "$made/latin1.yaml"
compare missing-file "$made/missing-file.yaml"
{
    printf 'amtgraph: 1\nname: '
    head -c 100000000 /dev/zero | tr '\0' x
} >"$made/huge.yaml"
before=$(date +%s%N)
compare huge "$made/huge.yaml"
if [ $(($(date +%s%N) - before)) -gt 2000000000 ]; then
    echo "FAIL huge: 100 MB took more than 2 s"
    failed=$((failed + 1))
fi

# Texts of files that are gone would rot.
for text in *.txt; do
    case "${text%.txt}" in directory | rubbish | latin1 | missing-file | huge) continue ;; esac
    [ -e "${text%.txt}.yaml" ] || { echo "FAIL $text has no file"; failed=$((failed + 1)); }
done

# All of them at once, as JSON on standard output.
"$amtgraph" check --json ./*.yaml >"$made/json" 2>"$made/said"
if [ $? != 78 ] || [ -s "$made/said" ] || [ "$(head -c 1 "$made/json")" != "[" ]; then
    echo "FAIL all files at once with --json"
    failed=$((failed + 1))
fi

total=$(cat ./*.txt | sed -n 's/^1 file: \([0-9]*\) problem.*/\1/p' | awk '{n += $1} END {print n}')
echo "$files wrong files, $total problems, $failed failures"
[ "$files" -ge 40 ] && [ "$failed" = 0 ]
