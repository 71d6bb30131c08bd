#!/bin/sh
# Makes the virtual environment .venv in the checkout, with what it needs from the system. Returns
# at once when nothing has changed since the last time. `PYTHON=...` names the Python to use.
set -eu
cd "$(dirname "$0")/.."

fail() {
    echo "wsmigrate: $*" >&2
    exit 2
}

apt_get='env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300'

find_python() {
    for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            "$candidate" -c 'import sys; print(sys.executable)'
            return
        fi
    done
}

lacks_something() { # of what uWSGI is compiled with, and of what makes an environment
    ! command -v cc >/dev/null ||
        ! "$1" -c 'import ensurepip, os, sysconfig, venv
path = os.path.join(sysconfig.get_paths()["include"], "Python.h")
raise SystemExit(not os.path.exists(path))' 2>/dev/null ||
        ! echo '#include <openssl/ssl.h>' | cc -E - >/dev/null 2>&1
}

install_system_packages() {
    packages=$(sed -n 's/^build //p' requirements/system-packages.txt | tr '\n' ' ')
    if [ "$(id -u)" -eq 0 ]; then
        sudo=
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        sudo='sudo -n'
    else
        fail "this needs the system packages $packages- install them (apt-get install $packages) and run this again."
    fi
    command -v apt-get >/dev/null ||
        fail "this needs a C compiler, OpenSSL's headers and those of Python (on Debian: $packages)."
    echo "wsmigrate: installing $packages"
    log=$(mktemp)
    # shellcheck disable=SC2086 # lists of words
    {
        $sudo $apt_get update && $sudo $apt_get install --yes --no-install-recommends $packages
    } >"$log" 2>&1 || {
        tail -n 5 "$log" >&2
        fail "apt-get failed. Install $packages and run this again."
    }
    rm -f "$log"
}

python=$(find_python)
[ -n "$python" ] || fail "this needs Python 3.11 or newer, and found none (PYTHON=... names one)."

wanted=$({
    echo "$python $PWD"
    cat pyproject.toml requirements/dev.txt
} | cksum)
if [ -x .venv/bin/wsmigrate ] && [ "$(cat .venv/stamp 2>/dev/null)" = "$wanted" ]; then
    exit 0
fi

if lacks_something "$python"; then
    install_system_packages
    ! lacks_something "$python" ||
        fail "$python lacks its headers or its module venv: install them, or choose another Python with PYTHON=..."
fi
echo "wsmigrate: making the virtual environment .venv (a minute or two)"
[ ! -d .venv ] || "$python" -m venv --upgrade .venv 2>/dev/null || rm -rf .venv
[ -d .venv ] || "$python" -m venv .venv
install='.venv/bin/python -m pip install --quiet --disable-pip-version-check --use-pep517'
$install --requirement requirements/dev.txt
$install --no-deps --editable .
echo "$wanted" >.venv/stamp
