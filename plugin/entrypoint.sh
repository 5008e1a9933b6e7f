#!/bin/sh
# Engines give a managed plugin /proc/sys read-only, but a bridge network needs settings of this host changed.
set -e
mount -o remount,bind,rw /proc/sys
exec /usr/bin/node /opt/tsnet-shoot/dist/tsnet-shoot.js driver serve "$@"
