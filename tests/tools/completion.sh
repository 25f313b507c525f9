#!/usr/bin/env bash
# What shells complete: bash's function is really called; the scripts of the others are read by
# their shells where these are installed.
# usage: completion.sh AMTGRAPH
set -u

amtgraph=$(realpath "$1")
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
cd "$made" || exit 1
mkdir graphs
touch first.yaml 'with blank.yaml' graphs/relay.yaml
checks=0 failed=0

# complete WORD...: what bash offers for the last of these, as `amtgraph WORD...` is typed; sorted.
# Words are as bash splits them: `=` is one of its own.
complete()
{
    # shellcheck disable=SC2016 # for the inner shell
    bash --norc -c '
        source /dev/stdin <<<"$1"
        shift
        COMP_WORDS=(amtgraph "$@")
        COMP_CWORD=$#
        _amtgraph
        [ ${#COMPREPLY[@]} -eq 0 ] || printf "%s\n" "${COMPREPLY[@]}"' \
        bash "$("$amtgraph" completion bash)" "$@" 2>&1 | sort | paste -sd '|'
}

# offers EXPECTED WORD...: exactly these, with | between
offers()
{
    local expected=$1 got
    shift
    got=$(complete "$@")
    checks=$((checks + 1))
    [ "$got" = "$expected" ] && return
    echo "FAIL amtgraph $*: offers \"$got\", not \"$expected\""
    failed=$((failed + 1))
}

# holds WORD WORD...: the first is among what is offered
holds()
{
    local word=$1
    shift
    checks=$((checks + 1))
    [[ "|$(complete "$@")|" == *"|$word|"* ]] && return
    echo "FAIL amtgraph $*: does not offer \"$word\""
    failed=$((failed + 1))
}

for command in $("$amtgraph" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
    holds "$command" "$command"
    holds --help "$command" --h
    for option in $("$amtgraph" "$command" --help | sed -n '/^Options:/,$s/^  \(--[a-z-]*\).*/\1/p'); do
        holds "$option" "$command" "$option"
    done
done
holds run ""
holds --version --
offers check che
offers '' nonsense ''
offers 'first.yaml|graphs|with blank.yaml' check ''
offers 'with blank.yaml' check first.yaml wi
offers first.yaml check --json f
offers first.yaml run --for 10s f
offers '' run --for ''
offers '' run first.yaml f
offers '' check --set ''
offers 'json|none|text' run --stats ''
offers json run --stats = j
offers 'json|none|text' run --stats =
offers 'debug|error|info|warning' run --log ''
offers first.yaml run --trace f
offers '' run --replay u
offers first.yaml run --replay udp = f
offers 'first.yaml|graphs|with blank.yaml' run --replay udp =
offers first.yaml run --replay udp = a.pcap f
holds dot graph first.yaml --format ''
offers 'amt-encap' elements amt-enc
offers '' elements amt-encap amt
offers 'drops' show dro
holds gateways show ''
offers first.yaml tap udp.out -w f
offers first.yaml tap -w f
offers 'bash|fish|zsh' completion ''

for shell in zsh fish; do
    "$amtgraph" completion "$shell" >"script.$shell" || failed=$((failed + 1))
    if command -v "$shell" >/dev/null; then
        checks=$((checks + 1))
        "$shell" -n "script.$shell" || { echo "FAIL $shell cannot read its script"; failed=$((failed + 1)); }
    else
        echo "no $shell here: its script is not read"
    fi
    for command in $("$amtgraph" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
        grep -q "[ ']${command}[: )]" "script.$shell" || { echo "FAIL $shell: no $command"; failed=$((failed + 1)); }
    done
done
if command -v fish >/dev/null; then # which says what it would offer
    offered=$(fish --no-config -c 'source script.fish; complete -C "amtgraph run --stats "; complete -C "amtgraph ele"' |
        cut -f 1 | sort | paste -sd '|')
    [ "$offered" = 'elements|json|none|text' ] || { echo "FAIL fish offers $offered"; failed=$((failed + 1)); }
fi
"$amtgraph" completion tcsh 2>said && failed=$((failed + 1))
grep -q 'no completion for "tcsh": bash, zsh or fish' said || { cat said; failed=$((failed + 1)); }

echo "$checks completions, $failed failures"
[ "$checks" -ge 60 ] && [ "$failed" = 0 ]
