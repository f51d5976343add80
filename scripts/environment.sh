#!/bin/sh
# Makes .venv with what one set of locked packages needs: `environment.sh run` or `environment.sh dev`.
# Does nothing if that is done already. Every package is checked against its hash in locks/.
set -eu

cd "$(dirname "$0")/.."
set_wanted=$1
venv=.venv
python=$venv/bin/python

say() { printf '%s\n' "$*" >&2; }

# A name on PATH proves little (version switchers put shims there for what is not installed), so each is run.
find_python() {
    for candidate in python3.13 python3.12 python3.11 python3 python; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            command -v "$candidate"
            return
        fi
    done
    say "Recourse needs Python 3.11 or later, and none was found on PATH."
    say "Debian, Ubuntu: apt-get install python3 python3-venv    macOS: brew install python@3.13"
    exit 1
}

can_make_venv() { "$1" -c 'import venv, ensurepip' >/dev/null 2>&1; }

# Debian splits the venv module off. The matching package is the one named after the interpreter's own version.
get_venv_module() {
    package=$("$1" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        say "Python's venv module is missing: installing $package ..."
        (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package") \
            >/dev/null </dev/null || true
    fi
    if ! can_make_venv "$1"; then
        say "Python's venv module is missing. Debian, Ubuntu: sudo apt-get install $package"
        exit 1
    fi
}

make_venv() {
    base=$(find_python)
    can_make_venv "$base" || get_venv_module "$base"
    "$base" -m venv --clear "$venv"
}

# The development set contains the runtime set, so whoever has the first needs no second install.
up_to_date() {
    for stamp in "$venv/$set_wanted.stamp" "$venv/dev.stamp"; do
        if [ -f "$stamp" ] && [ ! "locks/$set_wanted.txt" -nt "$stamp" ]; then
            return 0
        fi
    done
    return 1
}

# A python that does not run is one whose base was removed or upgraded away.
"$python" -c '' >/dev/null 2>&1 || make_venv
if ! up_to_date; then
    say "Installing the locked packages (locks/$set_wanted.txt) ..."
    "$python" -m pip install --quiet --quiet --disable-pip-version-check --no-input --require-hashes \
        --requirement "locks/$set_wanted.txt" </dev/null
    touch "$venv/$set_wanted.stamp"
fi
# `recourse` for whoever activates the environment.
[ -L "$venv/bin/recourse" ] || ln -s ../../scripts/recourse "$venv/bin/recourse"
