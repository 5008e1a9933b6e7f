#!/bin/sh
# First process after init.sh: a machine around one script, then its exit status, then the end.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8
mount -t tmpfs -o mode=755 run /run
mkdir -p /run/lock /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs shm /dev/shm
mount -t tracefs tracefs /sys/kernel/tracing
mount -t cgroup2 cgroup2 /sys/fs/cgroup
hostname tsnet-vm
ip link set lo up
# there is no network: a name lookup fails at once
rm -f /etc/resolv.conf
echo 'nameserver 127.0.0.1' >/etc/resolv.conf
dmesg -n 1
printf "\n@@start %s\n" "$(cut -d " " -f 1 /proc/uptime)"
status=0
[ -z "$tsnet_modules" ] || modprobe -a $(echo "$tsnet_modules" | tr ',' ' ') || status=126
if [ "$status" = 0 ]; then
  cd "$tsnet_folder" && . "$tsnet_sections" && (. "$tsnet_script") </dev/null
  status=$?
fi
printf "\n@@exit %s %s\n" "$status" "$(cut -d " " -f 1 /proc/uptime)"
busybox reboot -f
