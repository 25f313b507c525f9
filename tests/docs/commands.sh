#!/usr/bin/env bash
# Usage: commands.sh AMTGRAPH [--update] PAGE...
#
# In a block ```console of a page, each line that begins with `$ ` is a command (with the
# lines after it as long as they end with `\`), and what follows is what it says, to the next command or the end of the block: both standard output
# and error. The commands are run as they are written, from the root of the sources, without
# privileges, with AMTGRAPH as `amtgraph`; the page must hold exactly what they say.
# At least one command must be in each page.
#
# --update writes into the pages what the commands say: read the difference before you commit it.
set -euo pipefail

amtgraph=$(realpath "$1")
shift
update=false
if [ "${1-}" = --update ]; then
    update=true
    shift
fi
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin" "$work/tmp"
ln -s "$amtgraph" "$work/bin/amtgraph"

# Nobody's rights: no capability, whoever runs this.
unprivileged=()
if [ "$(id -u)" -eq 0 ]; then
    unprivileged=(setpriv --inh-caps=-all --bounding-set=-all --ambient-caps=-all --no-new-privs)
fi

# say COMMAND: what it says, with a line end behind it.
say()
{
    (cd "$root" && exec env -i PATH="$work/bin:/usr/bin:/bin" LC_ALL=C NO_COLOR=1 \
        TMPDIR="$work/tmp" AMTGRAPH_RUNTIME_DIR="$work/tmp" ${ASAN_OPTIONS+ASAN_OPTIONS="$ASAN_OPTIONS"} \
        timeout 60 "${unprivileged[@]}" bash -c "$1") </dev/null >"$work/said" 2>&1 || true
    sed -e '$a\' "$work/said"
}

failed=0
for page; do
    commands=0 inside=false
    while IFS= read -r line; do
        case $line in
        '```console')
            inside=true
            ;;
        '```')
            inside=false
            ;;
        '$ '*)
            if $inside; then
                printf '%s\n' "$line"
                command=${line#'$ '}
                while [[ $command == *\\ ]] && IFS= read -r line; do
                    printf '%s\n' "$line"
                    command=${command%\\}$line
                done
                say "$command"
                commands=$((commands + 1))
                continue
            fi
            ;;
        esac
        # What stands there between a command and the next is what it said some day.
        ! $inside || [ "$line" = '```console' ] || continue
        printf '%s\n' "$line"
    done <"$page" >"$work/page"
    if [ $commands -eq 0 ]; then
        echo "$page: no command in it" >&2
        failed=1
    elif $update; then
        cp "$work/page" "$page"
    elif ! diff -u "$page" "$work/page"; then
        echo "$page: its commands say something else (commands.sh --update writes what they say)" >&2
        failed=1
    fi
done
exit $failed
