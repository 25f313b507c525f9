# shellcheck shell=bash
# Shared by tools/run, tools/test and tools/bench: which packages, how to build.
# Sourced after `set -euo pipefail`; every message goes to standard error.
# shellcheck disable=SC2034  # variables are used by who sources this

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
self=${0##*/}

# The one list of packages (Debian 12). build: to build and run it; test: what
# the tests use besides; system: what only the tests in network namespaces use; fuzz:
# what only the fuzz targets use; web: what only tests/web uses, besides node and npm; docs:
# what makes the pages of the site.
packages_build=(gcc libc6-dev make cmake pkg-config
    libpcap-dev libyaml-dev libsodium-dev libjansson-dev libcap-ng-dev libmicrohttpd-dev scdoc)
packages_test=(check iproute2 valgrind cmark-gfm)
packages_system=(iproute2 procps jq ethtool nftables tcpdump tshark)
packages_docs=(cmark-gfm)
packages_bench=(iproute2 valgrind)
packages_fuzz=(clang libclang-rt-14-dev)
packages_web=(chromium)

readonly EXIT_USAGE=2 EXIT_PRIVILEGE=77

say()
{
    printf 'tools/%s: %s\n' "$self" "$*" >&2
}

fail()
{
    say "$@"
    exit 1
}

# How to become root without being asked for a password: nothing when we are root
# already. Fails when there is no way.
as_root=()
find_root()
{
    if [ "$(id -u)" -eq 0 ]; then
        as_root=()
    elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        as_root=(sudo -n)
    else
        return 1
    fi
}

is_installed()
{
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

apt_install()
{
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --yes -qq \
        --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"
}

# Install those of the named packages that are missing.
need_packages()
{
    local package missing=()
    if ! command -v dpkg-query >/dev/null 2>&1; then
        say "not a Debian system: taking for granted what these packages hold: $*"
        return
    fi
    for package; do
        is_installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    if ! find_root; then
        say "these packages are missing; please install them as root, then try again:"
        say "    apt-get install --no-install-recommends ${missing[*]}"
        exit "$EXIT_PRIVILEGE"
    fi
    say "installing ${missing[*]}"
    # The lists of packages may be missing, or too old to fetch by: renew them only then.
    if ! apt_install --simulate "${missing[@]}" >/dev/null 2>&1 ||
            ! apt_install "${missing[@]}" >/dev/null; then
        "${as_root[@]}" apt-get update -qq >&2
        apt_install "${missing[@]}" >/dev/null
    fi
}

# promtool without the server it comes with, which would begin to run when it is installed.
need_promtool()
{
    local folder=$top/build/prometheus
    if command -v promtool >/dev/null 2>&1 || [ -x "$folder/usr/bin/promtool" ] ||
        ! command -v apt-get >/dev/null 2>&1; then
        return
    fi
    mkdir -p "$folder"
    say "fetching promtool"
    (cd "$folder" && { apt-get download -qq prometheus >/dev/null 2>&1 ||
        { find_root && "${as_root[@]}" apt-get update -qq && apt-get download -qq prometheus >/dev/null; }; } &&
        dpkg-deb -x prometheus_*.deb . && rm prometheus_*.deb) ||
        fail "promtool could not be fetched (Debian's package prometheus)"
}

# What tests/web uses: node and npm, from Debian unless they are there already, and the npm packages.
need_web()
{
    local packages=(${packages_web[@]+"${packages_web[@]}"})
    command -v node >/dev/null 2>&1 || packages+=(nodejs)
    command -v npm >/dev/null 2>&1 || packages+=(npm)
    need_packages ${packages[@]+"${packages[@]}"}
    need_promtool
    "$top/tests/web/run" --install || fail "npm could not install what tests/web/package-lock.json names"
}

# build PRESET [CMAKE OPTION...]: configure and build in build/PRESET, quietly
# unless it fails: all of it, or the targets in build_targets.
build_targets=()
build()
{
    local preset=$1 log
    shift
    mkdir -p "$top/build"
    log=$top/build/$preset.log
    say "building build/$preset"
    if ! (cd "$top" && cmake --preset "$preset" "$@" &&
            cmake --build "build/$preset" --parallel "$(nproc)" \
                ${build_targets[@]+--target "${build_targets[@]}"}) >"$log" 2>&1; then
        tail -n 60 "$log" >&2
        fail "the build failed; all of what it said is in build/$preset.log"
    fi
}
