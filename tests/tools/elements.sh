#!/bin/sh
# Usage: elements.sh PROGRAM
#
# `amtgraph elements`: the list, one page, wrong names and wrong use.
set -u

program=$1
failed=0

# expect CODE WORDS ARGUMENT...: the exit code, and words in what is printed.
expect() {
    code=$1 words=$2
    shift 2
    said=$("$program" elements "$@" 2>&1)
    got=$?
    if [ $got -ne "$code" ]; then
        echo "elements $*: exit code $got, not $code" >&2
        failed=1
    fi
    case $said in
    *"$words"*) ;;
    *)
        echo "elements $*: \"$words\" is not in: $said" >&2
        failed=1
        ;;
    esac
}

expect 0 "counts what passes"
expect 0 "Reasons for drops" queue
expect 0 '"name": "queue"' queue --json
expect 0 '"name": "tee"' --json
expect 0 '| [queue](queue.md) |' --markdown
expect 0 '
## elements/group

| Element | What it does |
|---|---|
| [churn](churn.md) |' --markdown
expect 0 '
elements/group
  churn '
expect 0 '# queue' --markdown queue
expect 2 'did you mean "queue"?' quue
expect 2 'unknown class "xyzzyxyzzy"' xyzzyxyzzy
expect 2 'exclude each other' --json --markdown
expect 2 'Try' queue tee
exit $failed
