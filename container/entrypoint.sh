#!/bin/sh
# The screen on a terminal, a command of tsnet-shoot or any other when one is given, checks served when they are
# mounted, a shell with a short help otherwise.
set -eu

# What this container may not do, and what stays hidden for it (bits of linux/capability.h).
say_limits() {
  effective=$(sed -n 's/^CapEff:[[:space:]]*/0x/p' /proc/self/status)
  lack() {
    [ $((effective >> $2 & 1)) = 1 ] || printf 'without %s: %s\n' "$1" "$3" >&2
  }
  lack NET_ADMIN 12 'no firewall rules, conntrack, ipset, IPVS and xfrm; no trace'
  lack NET_RAW 13 'no ping, capture and trace'
  lack SYS_ADMIN 21 'this network namespace alone, no other can be entered'
  lack SYS_PTRACE 19 'no owners of sockets, no namespaces of processes of others'
  [ $$ != 1 ] || printf 'without --pid host: no namespaces but those mounted below /run\n' >&2
  [ -S /var/run/docker.sock ] || [ -S /run/docker.sock ] ||
    printf 'without -v /var/run/docker.sock:/var/run/docker.sock: containers of Docker have no names\n' >&2
}

# For the health check of this container and for Prometheus, beside whatever else it does.
serve_checks() {
  if [ -r "$TSNET_CHECKS" ]; then tsnet-shoot check serve --listen "$TSNET_LISTEN" "$TSNET_CHECKS" & fi
}

help() {
  cat <<'TEXT'
tsnet-shoot              the screen            tsnet-shoot doctor          what is wrong
tsnet-shoot ns           namespaces, owners    tsnet-shoot path A B:PORT   where a packet goes
tsnet-shoot show KIND    links, routes, …      tsnet-shoot trace A B:PORT  the same with a real packet
tsnet-shoot --help       everything
TEXT
}

if [ $# -gt 0 ]; then
  case $1 in
    -*) exec tsnet-shoot "$@" ;;
    check) exec tsnet-shoot "$@" ;;
  esac
  serve_checks
  if command -v "$1" >/dev/null 2>&1; then exec "$@"; fi
  exec tsnet-shoot "$@"
fi
say_limits
if [ -t 0 ] && [ -t 1 ]; then
  serve_checks
  exec tsnet-shoot
fi
if [ -r "$TSNET_CHECKS" ]; then exec tsnet-shoot check serve --listen "$TSNET_LISTEN" "$TSNET_CHECKS"; fi
help >&2
exec /bin/sh
