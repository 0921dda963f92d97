# Installing Debian packages, for the scripts beside this one.

# may_install: is this Debian, and may we install without asking anybody for a password?
may_install() {
    command -v apt-get >/dev/null || return 1
    if [ "$(id -u)" = 0 ]; then as_root=(); return 0; fi
    as_root=(sudo -n)
    command -v sudo >/dev/null && sudo -n true 2>/dev/null
}

# apt_install PACKAGE...: quietly, and without starting the services that the packages bring.
apt_install() {
    local policy=/usr/sbin/policy-rc.d made=false status=0
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
        "${as_root[@]}" chmod 755 "$policy"
        made=true
    fi
    install_quietly "$@" || { "${as_root[@]}" apt-get -qq update && install_quietly "$@"; } || status=1
    if $made; then "${as_root[@]}" rm -f "$policy"; fi
    return "$status"
}

install_quietly() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq install --yes --no-install-recommends "$@" </dev/null >/dev/null
}
