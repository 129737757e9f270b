#!/bin/sh
# What the tests need from Debian: a browser, FUSE (the slow disk), a compiler for it, archivers, ssh,
# programs that take the whole screen.
set -eu

missing=""
need() { # need COMMAND-OR-FILE PACKAGE
  command -v "$1" > /dev/null 2>&1 || [ -e "$1" ] || missing="$missing $2"
}
need chromium chromium
need fusermount3 fuse3
need /usr/include/fuse3/fuse.h libfuse3-dev
need pkg-config pkg-config
need gcc gcc
need zstd zstd
need ssh openssh-client
need /usr/sbin/sshd openssh-server
need mksquashfs squashfs-tools
need vi vim-tiny
need htop htop
need /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc fonts-noto-cjk

[ -z "$missing" ] && exit 0
if [ "$(id -u)" != 0 ]; then
  echo "The tests need Debian packages, and only root may install them. Run this once, then 'make test' again:" >&2
  echo "    sudo apt-get update && sudo apt-get install -y --no-install-recommends$missing" >&2
  exit 1
fi
echo "Installing from Debian:$missing (a minute or two) ..."
# Nothing is started, now or later: the tests run sshd themselves, on loopback.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' > "$policy"
  chmod 755 "$policy"
fi
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing > /dev/null
case "$missing" in
  *openssh-server*) systemctl disable ssh.service ssh.socket > /dev/null 2>&1 || true ;;
esac
